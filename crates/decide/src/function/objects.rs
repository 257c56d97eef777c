//! The objects that a Function needs. The same input gives the same objects, byte by byte.

mod autoscaler;
mod buildkit;
mod config_map;
mod deployment;
mod env;
mod executor;
mod fetch;
mod job;
mod kaniko;
mod port;
mod service;

pub(super) use autoscaler::autoscaler;
pub(super) use config_map::config_map;
pub(super) use deployment::deployment;
pub(super) use job::{job, job_labels};
pub(super) use service::service;
