//! `serverless-registry`: the gateway and the token server of a registry in the cluster.

use std::process::ExitCode;

fn main() -> ExitCode {
    registry::cli::run().into()
}
