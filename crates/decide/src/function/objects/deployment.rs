//! The Deployment that runs the image.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, HTTPGetAction, Lifecycle,
    LifecycleHandler, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, SeccompProfile, SecurityContext,
    SleepAction, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::autoscaler::is_scaled;
use super::env::variable;
use super::fetch::LAST_LINES;
use super::port;
use crate::function::inputs::Inputs;
use crate::function::names::inherited;
use crate::resources::resources;

/// The user that Functions run as.
const USER: i64 = 1000;
/// How long a Pod that ends still answers, in seconds.
const LEAVE: i64 = 5;

/// The Deployment.
#[must_use]
pub(crate) fn deployment(inputs: &Inputs<'_>) -> Deployment {
    let identity = inputs.identity;
    let function = inputs.function;
    let mut labels = inherited(Some(&function.pod_labels));
    labels.extend(identity.selector());
    let pod = PodSpec {
        service_account_name: Some(inputs.config.function_service_account.clone()),
        containers: vec![container(inputs)],
        security_context: Some(PodSecurityContext {
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            run_as_non_root: Some(true),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..PodSecurityContext::default()
        }),
        volumes: Some(vec![Volume {
            name: "tmp".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource {
                size_limit: Some(Quantity("100Mi".to_owned())),
                medium: None,
            }),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    };
    Deployment {
        metadata: inputs.metadata(identity.child()),
        spec: Some(DeploymentSpec {
            // If there is an autoscaler, only it sets the number of replicas.
            replicas: if is_scaled(function) { None } else { function.min_replicas },
            selector: LabelSelector { match_labels: Some(identity.selector()), match_expressions: None },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
                spec: Some(pod),
            },
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

fn container(inputs: &Inputs<'_>) -> Container {
    let probe = |failures: i32, period: i32| Probe {
        http_get: Some(HTTPGetAction {
            path: Some("/healthz".to_owned()),
            port: IntOrString::String(port::NAME.to_owned()),
            ..HTTPGetAction::default()
        }),
        failure_threshold: Some(failures),
        period_seconds: Some(period),
        timeout_seconds: Some(4),
        ..Probe::default()
    };
    Container {
        name: "function".to_owned(),
        image: Some(inputs.run_image()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        env: Some(env(inputs)),
        resources: resources(inputs.function.resources.as_ref()),
        // The last output explains why the container ended.
        termination_message_policy: Some(LAST_LINES.to_owned()),
        ports: Some(vec![ContainerPort {
            name: Some(port::NAME.to_owned()),
            container_port: port::NUMBER,
            ..ContainerPort::default()
        }]),
        // Often, because callers wait for it.
        startup_probe: Some(probe(150, 1)),
        readiness_probe: Some(probe(1, 5)),
        liveness_probe: Some(probe(3, 5)),
        // Nodes learn a moment later that this Pod ends, and send requests to it until then.
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                sleep: Some(SleepAction { seconds: LEAVE }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(vec![VolumeMount {
            name: "tmp".to_owned(),
            mount_path: "/tmp".to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

/// The author's variables, then those of the runtime, which win: if a name occurs twice, the last one is used.
fn env(inputs: &Inputs<'_>) -> Vec<EnvVar> {
    let mut ours = vec![
        ("FUNC_RUNTIME", inputs.function.runtime.as_str()),
        ("FUNC_HANDLER", "main"),
        ("MOD_NAME", "handler"),
        ("FUNC_PORT", "8080"),
    ];
    ours.extend(inputs.runtime.env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let ours: BTreeMap<_, _> = ours.into_iter().collect();
    let theirs = inputs.function.env.iter();
    let mut env: Vec<_> =
        theirs.filter(|variable| !ours.contains_key(variable.name.as_str())).cloned().collect();
    env.extend(ours.into_iter().map(|(name, value)| variable(name, value)));
    env
}
