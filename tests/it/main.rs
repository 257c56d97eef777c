//! The integration tests: one binary, a folder per topic.
#![allow(unreachable_pub, reason = "modules of one binary")]
#![allow(clippy::float_cmp, reason = "counters are whole numbers")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

/// What tests start, and how they ask it.
mod harness {
    pub mod account;
    pub mod agent;
    pub mod cached;
    pub mod call;
    pub mod cert_manager;
    pub mod certs_d;
    pub mod cli;
    pub mod client;
    pub mod cluster;
    pub mod command;
    pub mod configuration;
    pub mod connection;
    pub mod controller;
    pub mod copies;
    pub mod fetcher;
    pub mod gate;
    pub mod git;
    pub mod git_servers;
    pub mod guarded;
    pub mod installed;
    pub mod layout;
    pub mod metrics;
    pub mod mirror;
    pub mod mounted;
    pub mod namespace;
    pub mod node_agent;
    pub mod objects;
    pub mod oracle;
    pub mod packages;
    pub mod parsers;
    pub mod programs;
    pub mod real_cluster;
    pub mod recorder;
    pub mod registry;
    pub mod replicas;
    pub mod reviews;
    pub mod rights;
    pub mod served;
    pub mod server;
    pub mod tls;
    pub mod tokens;
    pub mod wait;
}

/// The webhook: by itself, from the command line, and behind a real API server.
mod webhook {
    mod account;
    mod certificates;
    mod check;
    mod check_agrees;
    mod check_input;
    mod cli;
    mod config;
    mod connections;
    mod crds;
    mod fixtures;
    mod gardener;
    mod image_registries;
    mod kubectl;
    mod kubectl_secrets;
    mod lifecycle;
    mod limits;
    mod memory;
    mod mtls;
    mod registry_caches;
    mod replay;
    mod replay_input;
    mod reviews;
    mod rules;
    mod script;
    mod shapes;
    mod tls;
}

/// Functions on a real control plane, from create to Running.
mod functions {
    mod buildkit;
    mod builds;
    mod git;
    mod git_tenants;
    mod handover;
    mod inline;
    mod isolation;
    mod leader;
    mod plan_input;
    mod plans;
    mod prerequisites;
    mod rollout;
    mod tenants;
}

/// Git servers: what is looked up there, and how sources are fetched.
mod git {
    mod authorities;
    mod fetch;
    mod fetch_hostile;
    mod lookup;
    mod lookup_hostile;
}

/// What is copied from the base namespace into all others.
mod copies {
    mod claims;
    mod propagation;
}

/// Registries and their credentials.
mod registries {
    mod addresses;
    mod build_envs;
    mod caches;
    mod clients;
    mod conformance;
    mod credentials;
    mod for_functions;
    mod gateway;
    mod kyma;
    mod layout;
    mod operator;
    mod probe;
    mod secrets;
    mod serve;
    mod service_accounts;
    mod tokens;
    mod upstream;
}

/// Pull-through caches: the gateway in front of a real registry in proxy mode.
mod registry_caches {
    mod authorize;
    mod configuration;
    mod conformance;
    mod credentials;
    mod metrics;
    mod outage;
    mod rollover;
}

/// Functions on a real node: built, run and called.
mod node {
    mod answers;
    mod changes;
    mod failures;
    mod full_disks;
    mod git;
    mod image_registries;
    mod isolation;
    mod pulls;
    mod registries;
    mod registry_caches;
    mod tags;
    mod tokens;
}

/// The registry that the chart brings for Functions, on a node with an installation of its own: these tests run by themselves.
mod registry_of_chart {
    mod functions;
}

/// The registry configuration of nodes, as runtimes read it.
mod nodes {
    mod agent;
    mod agent_mirrors;
    mod compose;
    mod facts;
    mod parsers;
    mod render;
    mod rendered;
}

/// Manifests and chart, installing, uninstalling, and the rights of what is installed.
mod install {
    mod cert_manager;
    mod chart;
    mod images;
    mod installation;
    mod manifests;
    mod registry;
    mod rights;
    mod uninstall;
}

/// What serves Functions in their Pods, with real interpreters.
mod runtimes {
    mod abuse;
    mod contract;
    mod dependencies;
    mod image;
    mod packages;
}

/// The source itself: which file uses which, and whether documents are complete and name what is there.
mod workspace {
    mod arrows;
    mod circles;
    mod documented;
    mod documents;
    mod links;
}

mod chaos;
