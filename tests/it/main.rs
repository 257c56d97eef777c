//! The integration tests: one binary, a module per topic.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod arrows;
mod config;
mod manifests;
