//! Converts Functions of version v1alpha1 to the model, and a status back to v1alpha1.

use api::{FunctionSpec, FunctionStatus};

use super::{Function, Source, Status};
use crate::function::names::Identity;

impl Function {
    /// Converts version v1alpha1; `None` for a Function that no API server has stored.
    #[must_use]
    pub fn of_v1alpha1(function: api::Function) -> Option<Self> {
        let api::Function { metadata, spec, status } = function;
        let identity = Identity::of(&metadata)?;
        let is_git = spec.is_git();
        let FunctionSpec {
            source,
            deps,
            runtime,
            env,
            resources,
            build_resources,
            min_replicas,
            max_replicas,
            labels,
            source_type: _,
            base_dir,
            reference,
        } = spec;
        let source = if is_git {
            Source::Git { repository: source, reference, base_dir }
        } else {
            Source::Inline { code: source, dependencies: deps }
        };
        Some(Self {
            identity,
            metadata,
            source,
            runtime: runtime.unwrap_or_default(),
            env: env.unwrap_or_default(),
            resources,
            build_resources,
            min_replicas,
            max_replicas,
            pod_labels: labels.unwrap_or_default(),
            status: status.map(Status::from).unwrap_or_default(),
        })
    }
}

impl From<FunctionStatus> for Status {
    fn from(status: FunctionStatus) -> Self {
        let FunctionStatus { conditions, base_dir, reference, commit, source, runtime, image, url, replicas } =
            status;
        let conditions = conditions.unwrap_or_default();
        Self { conditions, source, runtime, reference, base_dir, commit, image, url, replicas }
    }
}

impl From<Status> for FunctionStatus {
    fn from(status: Status) -> Self {
        let Status { conditions, source, runtime, reference, base_dir, commit, image, url, replicas } =
            status;
        let conditions = Some(conditions).filter(|conditions| !conditions.is_empty());
        Self { conditions, base_dir, reference, commit, source, runtime, image, url, replicas }
    }
}
