//! What one engine adds to the Pod of a build that another does not. What all have in common is in the Job.

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, EnvVar, SecurityContext, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::function::inputs::Inputs;

/// The file in which the builder reports the digest of the pushed image. Kubernetes copies it to the status of the Pod.
pub(super) const REPORT: &str = "/dev/termination-log";

/// Where the credentials of the registry are mounted.
pub(super) const CREDENTIALS: &str = "/docker";
/// The file there with the authority of the registry, if it has one of its own.
pub(super) const AUTHORITY_FILE: &str = "ca.crt";

/// The host of the registry of images, and the file with its authority, if it has one of its own.
pub(super) fn own_authority<'a>(inputs: &Inputs<'a>) -> Option<(&'a str, String)> {
    let registry = inputs.registry;
    let host = registry.push.split('/').next().filter(|_| registry.has_authority)?;
    Some((host, format!("{CREDENTIALS}/{AUTHORITY_FILE}")))
}

/// What an engine adds to the Pod of a build.
pub(super) struct Executor {
    /// What is run, if it is not what the image runs.
    pub command: Option<Vec<String>>,
    /// Its arguments, after those of the configuration.
    pub args: Vec<String>,
    /// Its environment, beside the place of the docker configuration.
    pub env: Vec<EnvVar>,
    /// What it may do.
    pub security: SecurityContext,
    /// `false`: the Pod has a user namespace for itself.
    pub host_users: Option<bool>,
    /// The directories that it fills.
    pub scratch: Vec<Scratch>,
}

/// A directory that is empty at first and deleted with the Pod.
pub(super) struct Scratch {
    /// The name of its volume.
    pub name: &'static str,
    /// Its path.
    pub path: &'static str,
    /// The most that it may hold. Kubernetes evicts a Pod that exceeds it.
    pub limit: &'static str,
}

impl Scratch {
    pub(super) fn mount(&self) -> VolumeMount {
        VolumeMount { name: self.name.to_owned(), mount_path: self.path.to_owned(), ..VolumeMount::default() }
    }

    pub(super) fn volume(&self) -> Volume {
        let size_limit = Some(Quantity(self.limit.to_owned()));
        Volume {
            name: self.name.to_owned(),
            empty_dir: Some(EmptyDirVolumeSource { size_limit, medium: None }),
            ..Volume::default()
        }
    }
}
