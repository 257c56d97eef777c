//! The integration tests: one binary, a module per topic.

mod arrows;
mod config;
mod manifests;
