//! The container that fetches the source of a Function of type `git` before the build. It fetches the recorded commit;
//! only the directory of the Function reaches the image.

use api::GitAuth;
use k8s_openapi::api::core::v1::{
    Container, EmptyDirVolumeSource, EnvVar, EnvVarSource, SecretKeySelector, SecretVolumeSource,
    SecurityContext, Volume, VolumeMount,
};

use super::env::variable;
use crate::function::inputs::{Checkout, Inputs};
use crate::resources::resources;

/// The context of the build.
pub(super) const WORKSPACE: &str = "/workspace";
/// The last output of a container is the reason of its failure, unless the container reports another.
pub(super) const LAST_LINES: &str = "FallbackToLogsOnError";
/// The script that fetches; it needs a POSIX shell and git.
const SCRIPT: &str = include_str!("fetch.sh");
/// The volume for the files.
const VOLUME: &str = "workspace";
/// The directory of the repository in the volume.
const REPOSITORY: &str = "repository";
/// The directory of the key.
const KEYS: &str = "/git-credentials";

pub(super) fn container(inputs: &Inputs<'_>, checkout: &Checkout) -> Container {
    let secret = |name: &str, auth: &GitAuth, key: &str| EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: auth.secret_name.clone(),
                key: key.to_owned(),
                optional: Some(true),
            }),
            ..EnvVarSource::default()
        }),
    };
    let mut env = vec![
        variable("APP_REPOSITORY_URL", &checkout.url),
        variable("APP_REPOSITORY_COMMIT", &checkout.commit),
        variable("APP_MOUNT_PATH", &format!("{WORKSPACE}/{REPOSITORY}")),
        variable("APP_BASE_DIR", inputs.base_dir()),
    ];
    let mut mounts = vec![VolumeMount {
        name: VOLUME.to_owned(),
        mount_path: WORKSPACE.to_owned(),
        ..VolumeMount::default()
    }];
    if let Some(auth) = &checkout.auth {
        env.push(variable("APP_REPOSITORY_AUTH_TYPE", &auth.auth_type));
        env.push(secret("APP_REPOSITORY_PASSWORD", auth, "password"));
        if auth.auth_type == "key" {
            env.push(variable("APP_KEY_PATH", KEYS));
            env.push(variable("APP_HOST_KEYS", &checkout.host_keys));
            env.push(variable("APP_HOST_KEY_CHECKING", inputs.config.host_keys.as_ssh_option()));
            mounts.push(VolumeMount {
                name: "git-credentials".to_owned(),
                mount_path: KEYS.to_owned(),
                read_only: Some(true),
                ..VolumeMount::default()
            });
        } else {
            env.push(secret("APP_REPOSITORY_USERNAME", auth, "username"));
        }
    }
    Container {
        name: "fetch".to_owned(),
        image: Some(inputs.config.fetcher_image.clone()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(vec!["/bin/sh".to_owned(), "-c".to_owned(), SCRIPT.to_owned()]),
        env: Some(env),
        resources: resources(inputs.function.build_resources.as_ref()),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            ..SecurityContext::default()
        }),
        termination_message_policy: Some(LAST_LINES.to_owned()),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

/// The directory of the Function, for the build.
pub(super) fn sources(inputs: &Inputs<'_>, path: &str) -> VolumeMount {
    let base_dir = inputs.base_dir();
    let separator = if base_dir.is_empty() { "" } else { "/" };
    VolumeMount {
        name: VOLUME.to_owned(),
        mount_path: path.to_owned(),
        sub_path: Some(format!("{REPOSITORY}{separator}{base_dir}")),
        ..VolumeMount::default()
    }
}

pub(super) fn volumes(checkout: &Checkout) -> Vec<Volume> {
    let mut volumes = vec![Volume {
        name: VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    }];
    if let Some(auth) = checkout.auth.as_ref().filter(|auth| auth.auth_type == "key") {
        volumes.push(Volume {
            name: "git-credentials".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(auth.secret_name.clone()),
                // ssh refuses a key that others may read.
                default_mode: Some(0o400),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    volumes
}
