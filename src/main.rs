//! The `serverless-webhook` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    serverless_webhook::cli::run().into()
}
