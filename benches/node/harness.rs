//! What the tests start.

#[path = "../../tests/it/harness/agent.rs"]
pub mod agent;
#[path = "../../tests/it/harness/call.rs"]
pub mod call;
#[path = "../../tests/it/harness/certs_d.rs"]
pub mod certs_d;
#[path = "../../tests/it/harness/cluster.rs"]
pub mod cluster;
#[path = "../../tests/it/harness/command.rs"]
pub mod command;
#[path = "../../tests/it/harness/fetcher.rs"]
pub mod fetcher;
#[path = "../../tests/it/harness/git_servers.rs"]
pub mod git_servers;
#[path = "../../tests/it/harness/layout.rs"]
pub mod layout;
#[path = "../../tests/it/harness/mirror.rs"]
pub mod mirror;
#[path = "../../tests/it/harness/packages.rs"]
pub mod packages;
#[path = "../../tests/it/harness/real_cluster.rs"]
pub mod real_cluster;
#[path = "../../tests/it/harness/registry.rs"]
pub mod registry;
#[path = "../../tests/it/harness/wait.rs"]
pub mod wait;
