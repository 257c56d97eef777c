//! The Job that builds the image.

use std::collections::BTreeMap;
use std::iter;

use api::names::job_annotation;
use api::names::registry::secret_key;
use api::names::runtime_label::DOCKERFILE;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, KeyToPath, PodSpec, PodTemplateSpec, SecretVolumeSource, Volume,
    VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::env::variable;
use super::executor::{AUTHORITY_FILE, CREDENTIALS, Executor, Scratch};
use super::fetch::WORKSPACE;
use super::{buildkit, config_map, fetch, kaniko};
use crate::function::engine::Engine;
use crate::function::inputs::Inputs;
use crate::function::names::{BUILDER, inherited};
use crate::resources::resources;

/// The directory of the source.
const SOURCES: &str = "/workspace/src";
/// The directory of the runtime's files: separate, so that none of them hides the source.
const RUNTIME: &str = "/workspace/runtime";
const DOCKER_CONFIG: &str = "/docker/.docker";

/// The labels of the Job, the only part of it that may change.
#[must_use]
pub(crate) fn job_labels(inputs: &Inputs<'_>) -> BTreeMap<String, String> {
    let mut labels = inherited(inputs.function.metadata.labels.as_ref());
    labels.extend(inputs.identity.labels());
    labels
}

/// The Job. Its name depends on what it builds: each image, and each attempt to build it, has a Job of its own.
#[must_use]
pub(crate) fn job(inputs: &Inputs<'_>, attempt: u32) -> Job {
    let identity = inputs.identity;
    let image = inputs.push_image();
    let init = inputs.checkout.as_ref().map(|checkout| vec![fetch::container(inputs, checkout)]);
    let executor = match inputs.config.engine {
        Engine::Buildkit => buildkit::in_user_namespace(inputs, &image),
        Engine::BuildkitRootless => buildkit::rootless(inputs, &image),
        Engine::Kaniko => kaniko::executor(inputs, &image),
    };
    let mut volumes = volumes(inputs);
    volumes.extend(executor.scratch.iter().map(Scratch::volume));
    let pod = PodSpec {
        restart_policy: Some("Never".to_owned()),
        service_account_name: Some(inputs.config.build_service_account.clone()),
        // What an author installs runs there, and must not reach the API server.
        automount_service_account_token: Some(false),
        host_users: executor.host_users,
        init_containers: init,
        containers: vec![container(inputs, executor)],
        volumes: Some(volumes),
        ..PodSpec::default()
    };
    let annotation = ("sidecar.istio.io/inject".to_owned(), "false".to_owned());
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(job_labels(inputs)),
            annotations: Some(BTreeMap::from([annotation])),
            ..ObjectMeta::default()
        }),
        spec: Some(pod),
    };
    let mut metadata = inputs.metadata(identity.job(&image, attempt));
    let annotations = [
        (job_annotation::IMAGE, image),
        (job_annotation::ATTEMPT, attempt.to_string()),
        (job_annotation::CREDENTIALS, inputs.registry.version.clone()),
    ];
    metadata.annotations = Some(annotations.map(|(key, value)| (key.to_owned(), value)).into());
    Job {
        metadata,
        spec: Some(JobSpec {
            parallelism: Some(1),
            completions: Some(1),
            // The controller decides whether to retry, because it knows what has changed.
            backoff_limit: Some(0),
            active_deadline_seconds: i64::try_from(inputs.config.build_deadline.as_secs()).ok(),
            template,
            ..JobSpec::default()
        }),
        status: None,
    }
}

fn container(inputs: &Inputs<'_>, executor: Executor) -> Container {
    let mut args = inputs.config.executor_args.clone();
    args.extend(executor.args);
    let mut env = vec![variable("DOCKER_CONFIG", DOCKER_CONFIG)];
    env.extend(executor.env);
    let mut mounts = vec![
        VolumeMount {
            name: "credentials".to_owned(),
            mount_path: CREDENTIALS.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        },
        file("runtime", DOCKERFILE, format!("{WORKSPACE}/{DOCKERFILE}")),
    ];
    let files = inputs.runtime_image.files.iter();
    mounts.extend(files.map(|name| file("runtime", name, format!("{RUNTIME}/{name}"))));
    if inputs.checkout.is_some() {
        mounts.push(fetch::sources(inputs, SOURCES));
    } else {
        let runtime = inputs.runtime;
        let source = format!("{SOURCES}/{}", runtime.source_file);
        mounts.push(file("sources", config_map::SOURCE, source));
        let dependencies = format!("{SOURCES}/{}", runtime.dependencies_file);
        mounts.push(file("sources", config_map::DEPENDENCIES, dependencies));
    }
    mounts.extend(executor.scratch.iter().map(Scratch::mount));
    Container {
        name: BUILDER.to_owned(),
        image: Some(inputs.config.executor_image.clone()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: executor.command,
        args: Some(args),
        env: Some(env),
        resources: resources(inputs.function.build_resources.as_ref()),
        security_context: Some(executor.security),
        termination_message_policy: Some(fetch::LAST_LINES.to_owned()),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

fn file(volume: &str, key: &str, path: String) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path,
        // Mounted as single files: a mounted folder consists of links, which break COPY.
        sub_path: Some(key.to_owned()),
        read_only: Some(true),
        ..VolumeMount::default()
    }
}

fn volumes(inputs: &Inputs<'_>) -> Vec<Volume> {
    let of_config_map = |volume: &str, name: String, items: Option<Vec<KeyToPath>>| Volume {
        name: volume.to_owned(),
        config_map: Some(ConfigMapVolumeSource { name, items, ..ConfigMapVolumeSource::default() }),
        ..Volume::default()
    };
    let item = |key: &str, path: &str| KeyToPath { key: key.to_owned(), path: path.to_owned(), mode: None };
    let docker_config = item(api::names::registry_secret::DOCKER_CONFIG_KEY, ".docker/config.json");
    // Keys are listed by name: without one of them the Pod does not start, while a mount of a missing key would create
    // a folder.
    let runtime = inputs.runtime_image;
    let named = iter::once(DOCKERFILE).chain(runtime.files.iter().map(String::as_str));
    let items = (!runtime.files.is_empty()).then(|| named.map(|name| item(name, name)).collect());
    let authority = inputs.registry.has_authority.then(|| item(secret_key::CA, AUTHORITY_FILE));
    let credentials = Volume {
        name: "credentials".to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(inputs.registry.secret.clone()),
            items: Some(iter::once(docker_config).chain(authority).collect()),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    };
    let mut volumes = vec![credentials, of_config_map("runtime", runtime.config_map.clone(), items)];
    match &inputs.checkout {
        None => volumes.push(of_config_map("sources", inputs.identity.child(), None)),
        Some(checkout) => volumes.extend(fetch::volumes(checkout)),
    }
    volumes
}
