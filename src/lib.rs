//! Admission webhooks for serverless Functions, GitRepositories and registry Secrets: HTTP and process, no rules.

pub mod config;
pub mod extract;
pub mod handlers;
pub mod review;
pub mod routes;
pub mod wire;
