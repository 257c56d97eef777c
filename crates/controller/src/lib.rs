//! Turns Functions into `ConfigMaps`, build Jobs, Deployments, Services and autoscalers.
//!
//! Pure are what the objects of a Function are to be (`desired`), what is to be done next (`decide`) and who builds next
//! (`queue`). `stores` observes, `run` is the loop.

pub mod admin;
mod authorities;
mod backoff;
pub mod client;
mod cluster;
pub mod config;
mod context;
pub mod decide;
pub mod desired;
pub mod difference;
mod ending;
pub mod fuzzing;
pub mod git;
mod guard;
mod guarded;
pub mod image;
pub mod lead;
pub mod metrics;
pub mod names;
pub mod object;
mod packed;
pub mod plan;
pub mod played;
pub mod propagation;
pub mod queue;
pub mod registry_check;
pub mod run;
mod slots;
pub mod stores;
mod turns;
