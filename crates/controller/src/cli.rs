//! The command line: what there is to ask for. Each command is in a file of its own.

mod cleanup;
mod plan;
mod run;

use clap::{Parser, Subcommand};
use process::exit::{self, Exit};

const AFTER_HELP: &str = "\
Exit codes:
  0   all is well
  1   something was refused
  2   some input could not be read, or the cluster cannot be reached
  64  wrong use: a flag, a path or the configuration";

/// Turns Functions into ConfigMaps, build Jobs, Deployments, Services and autoscalers.
#[derive(Debug, Parser)]
#[command(name = "serverless-controller", version, after_help = AFTER_HELP, propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Manages the Functions of a cluster until SIGTERM
    Run(run::Args),
    /// Prints what would be made of Functions, without a cluster
    Plan(plan::Args),
    /// Removes finalizers and copies from a cluster after the controller is uninstalled
    Cleanup(cleanup::Args),
}

/// Does what the command line asks for.
pub(crate) fn run() -> Exit {
    let cli: Cli = match exit::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    match cli.command {
        Command::Run(args) => run::run(args),
        Command::Plan(args) => plan::run(&args),
        Command::Cleanup(args) => cleanup::run(args),
    }
}
