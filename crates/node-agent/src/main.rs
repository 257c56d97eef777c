//! `serverless-node-agent`: keeps the registry configuration of containerd on a node.

use std::process::ExitCode;

fn main() -> ExitCode {
    node_agent::cli::run().into()
}
