//! What the tests start, and the program under test.

#[path = "../../tests/it/harness/cached.rs"]
pub mod cached;
#[path = "../../tests/it/harness/call.rs"]
pub mod call;
#[path = "../../tests/it/harness/client.rs"]
pub mod client;
#[path = "../../tests/it/harness/cluster.rs"]
pub mod cluster;
#[path = "../../tests/it/harness/command.rs"]
pub mod command;
#[path = "../../tests/it/harness/fetcher.rs"]
pub mod fetcher;
#[path = "../../tests/it/harness/git_servers.rs"]
pub mod git_servers;
#[path = "../../tests/it/harness/guarded.rs"]
pub mod guarded;
#[path = "../../tests/it/harness/node_agent.rs"]
pub mod node_agent;
#[path = "../../tests/it/harness/objects.rs"]
pub mod objects;
#[path = "../../tests/it/harness/registry.rs"]
pub mod registry;
#[path = "../../tests/it/harness/served.rs"]
pub mod served;
#[path = "../../tests/it/harness/tls.rs"]
pub mod tls;
#[path = "../../tests/it/harness/wait.rs"]
pub mod wait;

/// The programs that are measured.
pub mod programs {
    use std::path::PathBuf;

    /// A binary that `make bench-registry` or `make bench-cache` names.
    pub fn program(name: &str) -> PathBuf {
        let path = std::env::args().skip(1).map(PathBuf::from).find(|path| path.ends_with(name));
        path.unwrap_or_else(|| {
            panic!("the path of {name} is missing: use make bench-registry or make bench-cache")
        })
    }
}
