//! Wires what is decided (`decide`) to the API server (`cluster`) and to Git servers and registries (`remote`).
//!
//! `run` is the list of reconcilers: `functions`, `copies`, `credentials`, `runtimes` and so on. They know nothing of each other, and share a
//! client, the term of this process as the leader, and the metrics.

pub mod admin;
mod base_namespace;
mod certificates;
pub mod cli;
pub mod config;
pub mod copies;
pub mod credentials;
pub mod function_registries;
pub mod functions;
pub mod image_accounts;
pub mod image_build_envs;
pub mod image_registries;
pub mod image_secrets;
pub mod metrics;
pub mod nodes;
mod own_object;
mod owned;
pub mod plan;
pub mod plan_command;
pub mod registry_caches;
pub mod run;
pub mod runtimes;
mod secrets;
pub mod shared;
mod touched;
