//! The command line. Each command is in a file of its own.

mod cleanup;
mod help;
mod plan;
mod run;

use clap::{CommandFactory as _, Parser, Subcommand};
use process::exit::Exit;
use process::{generate, printed};

/// Turns Functions into ConfigMaps, build Jobs, Deployments, Services and autoscalers.
#[derive(Debug, Parser)]
#[command(name = "serverless-controller", version, after_help = help::program(), propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Manages the Functions of a cluster until SIGTERM
    #[command(after_long_help = help::run())]
    Run(run::Args),
    /// Prints the objects that Functions become, without a cluster
    #[command(after_long_help = help::plan())]
    Plan(plan::Args),
    /// Removes finalizers and copies from a cluster after the controller is uninstalled
    #[command(after_long_help = help::cleanup())]
    Cleanup(cleanup::Args),
    /// Prints the completions of a shell
    #[command(after_long_help = help::completions())]
    Completions(generate::CompletionsArgs),
    /// Prints the manual page, or writes all pages
    #[command(after_long_help = help::man())]
    Man(generate::ManArgs),
}

/// The definition of the command line.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command of the command line.
#[must_use]
pub fn run() -> Exit {
    let cli: Cli = match printed::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    match cli.command {
        Command::Run(args) => run::run(args),
        Command::Plan(args) => plan::run(&args),
        Command::Cleanup(args) => cleanup::run(args),
        Command::Completions(args) => generate::completions(&args, command()),
        Command::Man(args) => generate::man(&args, command()),
    }
}
