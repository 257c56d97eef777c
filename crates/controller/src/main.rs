//! `serverless-controller`: turns Functions into what runs them.

use std::process::ExitCode;

fn main() -> ExitCode {
    controller::cli::run().into()
}
