//! Admission webhooks for serverless Functions, GitRepositories and registry Secrets: HTTP and process, no rules.

pub mod admission;
pub mod certificates;
pub mod cli;
pub mod config;
mod memory;
pub mod metrics;
mod probes;
pub mod reload;
pub mod rules;
