//! The objects that a Function is to have: the same input gives the same objects, byte by byte.

mod autoscaler;
mod config_map;
mod deployment;
mod fetch;
mod job;
mod port;
mod resources;
mod service;

pub use autoscaler::autoscaler;
pub use config_map::config_map;
pub use deployment::deployment;
pub use job::{job, job_labels};
pub use service::service;
