//! Admission webhooks for serverless Functions, GitRepositories and registry Secrets: HTTP and process, no rules.

pub mod app;
pub mod body;
pub mod buffer;
pub mod cli;
pub mod config;
pub mod dev_certs;
pub mod extract;
pub mod handlers;
pub mod issue;
pub mod memory;
pub mod metrics;
pub mod probes;
pub mod reload;
pub mod review;
pub mod routes;
pub mod self_managed;
pub mod server;
pub mod tls;
pub mod wire;
