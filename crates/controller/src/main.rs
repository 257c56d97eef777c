//! `serverless-controller`: turns Functions into what runs them.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run().into()
}
