//! The Job that builds the image.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, EnvVar, KeyToPath, PodSpec, PodTemplateSpec, SecretVolumeSource,
    SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Inputs, config_map, resources};

const WORKSPACE: &str = "/workspace";
const DOCKER_CONFIG: &str = "/docker/.docker";

/// The Job. Its name follows from what it builds: another image is another Job.
#[must_use]
pub fn job(inputs: &Inputs<'_>) -> Job {
    let identity = inputs.identity;
    let mut labels = inputs.function.metadata.labels.clone().unwrap_or_default();
    labels.extend(identity.labels());
    let pod = PodSpec {
        restart_policy: Some("Never".to_owned()),
        service_account_name: Some(inputs.config.build_service_account.clone()),
        containers: vec![executor(inputs)],
        volumes: Some(volumes(inputs)),
        ..PodSpec::default()
    };
    let annotation = ("sidecar.istio.io/inject".to_owned(), "false".to_owned());
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels),
            annotations: Some(BTreeMap::from([annotation])),
            ..ObjectMeta::default()
        }),
        spec: Some(pod),
    };
    Job {
        metadata: identity.metadata(inputs.function, identity.job(&inputs.push_image())),
        spec: Some(JobSpec {
            parallelism: Some(1),
            completions: Some(1),
            // Whether to try again is for the controller to say, which knows what has changed.
            backoff_limit: Some(0),
            active_deadline_seconds: i64::try_from(inputs.config.build_deadline.as_secs()).ok(),
            template,
            ..JobSpec::default()
        }),
        status: None,
    }
}

fn executor(inputs: &Inputs<'_>) -> Container {
    let mut args = inputs.config.executor_args.clone();
    args.push(format!("--destination={}", inputs.push_image()));
    args.push(format!("--context=dir://{WORKSPACE}"));
    let file = |volume: &str, key: &str, path: String| VolumeMount {
        name: volume.to_owned(),
        mount_path: path,
        // By itself, since links, which a mounted folder consists of, break COPY.
        sub_path: Some(key.to_owned()),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    let credentials = VolumeMount {
        name: "credentials".to_owned(),
        mount_path: "/docker".to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    let sources = format!("{WORKSPACE}/src");
    Container {
        name: "executor".to_owned(),
        image: Some(inputs.config.executor_image.clone()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: Some(args),
        env: Some(vec![EnvVar {
            name: "DOCKER_CONFIG".to_owned(),
            value: Some(DOCKER_CONFIG.to_owned()),
            value_from: None,
        }]),
        resources: resources(inputs.function.spec.build_resources.as_ref()),
        // The executor changes owners of files, and so is root in its container.
        security_context: Some(SecurityContext { run_as_user: Some(0), ..SecurityContext::default() }),
        volume_mounts: Some(vec![
            credentials,
            file("runtime", "Dockerfile", format!("{WORKSPACE}/Dockerfile")),
            file("sources", config_map::SOURCE, format!("{sources}/{}", inputs.runtime.source_file)),
            file(
                "sources",
                config_map::DEPENDENCIES,
                format!("{sources}/{}", inputs.runtime.dependencies_file),
            ),
        ]),
        ..Container::default()
    }
}

fn volumes(inputs: &Inputs<'_>) -> Vec<Volume> {
    let of_config_map = |volume: &str, name: String| Volume {
        name: volume.to_owned(),
        config_map: Some(ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() }),
        ..Volume::default()
    };
    let docker_config = KeyToPath {
        key: api::names::registry_secret::DOCKER_CONFIG_KEY.to_owned(),
        path: ".docker/config.json".to_owned(),
        mode: None,
    };
    let credentials = Volume {
        name: "credentials".to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(inputs.registry.secret.clone()),
            items: Some(vec![docker_config]),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    };
    vec![
        credentials,
        of_config_map("runtime", inputs.runtime_image.config_map.clone()),
        of_config_map("sources", inputs.identity.child()),
    ]
}
