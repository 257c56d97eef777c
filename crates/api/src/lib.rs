//! Types of the serverless custom resources and every name that they carry (group, labels, Secret keys).
//!
//! Shapes only: no rule, no client, no I/O. The CRDs are derived from these types.

#![allow(clippy::duplicated_attributes, reason = "kube repeats type_ in each printcolumn")]
#![allow(unreachable_pub, reason = "KubeSchema declares a copy of each type inside a function")]

pub mod cache;
mod cel;
mod condition;
mod function;
pub mod gardener;
mod git_repository;
pub mod limits;
pub mod names;
mod quantity;
pub mod registry;
pub mod runtimes;
pub mod schemas;

pub use condition::{Condition, ConditionType, Reason};
pub use function::{Function, FunctionSpec, FunctionStatus, Resources};
pub use git_repository::{GitAuth, GitRepository, GitRepositorySpec};
pub use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector};
pub use quantity::RawQuantity;
pub use runtimes::Language;
