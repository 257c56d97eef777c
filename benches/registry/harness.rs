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
#[path = "../../tests/it/harness/registry.rs"]
pub mod registry;
#[path = "../../tests/it/harness/served.rs"]
pub mod served;
#[path = "../../tests/it/harness/tls.rs"]
pub mod tls;
#[path = "../../tests/it/harness/wait.rs"]
pub mod wait;

/// The program that is measured.
pub mod programs {
    use std::path::PathBuf;

    /// The release binary, which `make bench-registry` and `make bench-cache` name.
    pub fn program(_: &str) -> PathBuf {
        let path = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
        path.expect("the path of the binary is missing: use make bench-registry or make bench-cache").into()
    }
}
