//! The integration tests: one binary, a module per topic.
#![allow(unreachable_pub, reason = "modules of one binary")]
#![allow(clippy::float_cmp, reason = "counters are whole numbers")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod arrows;
mod authorities;
mod chaos;
mod chart;
mod circles;
mod cli;
mod cli_check;
mod cli_replay;
mod cluster;
mod cluster_account;
mod cluster_builds;
mod cluster_certs;
mod cluster_claims;
mod cluster_controller;
mod cluster_crds;
mod cluster_git;
mod cluster_git_tenants;
mod cluster_install;
mod cluster_kubectl;
mod cluster_leader;
mod cluster_mtls;
mod cluster_propagation;
mod cluster_registries;
mod cluster_rights;
mod cluster_tenants;
mod cluster_uninstall;
mod config;
mod controller_fixtures;
mod copies;
mod fixtures;
mod functions;
mod gate;
mod git;
mod git_fetch;
mod git_fetch_hostile;
mod git_hostile;
mod git_servers;
mod lifecycle;
mod manifests;
mod recorder;
mod registries;
mod replicas;
mod rights;
mod runtimes;
mod server_connections;
mod server_limits;
mod server_memory;
mod server_reviews;
mod server_shapes;
mod server_tls;
mod support;
