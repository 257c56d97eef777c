//! The command line. Each command is in a file of its own.

mod clean;
mod doctor;
mod help;
mod places;
mod run;

use clap::{CommandFactory as _, Parser, Subcommand};
use process::exit::Exit;
use process::{generate, printed};

/// Keeps the registry configuration of containerd on a node as one Secret asks for it.
#[derive(Debug, Parser)]
#[command(name = "serverless-node-agent", version, after_help = help::program(), propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keeps the files of containerd as the value asks for them, until SIGTERM
    #[command(after_long_help = help::run())]
    Run(run::Args),
    /// Removes every file of the agent from this node
    #[command(after_long_help = help::clean())]
    Clean(clean::Args),
    /// Says why this node does not pull as it was asked to
    #[command(after_long_help = help::doctor())]
    Doctor(doctor::Args),
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
        Command::Clean(args) => clean::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => generate::completions(&args, command()),
        Command::Man(args) => generate::man(&args, command()),
    }
}
