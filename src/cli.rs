//! The command line: what there is to ask for. Each command is in a file of its own.

mod certs;
mod check;
mod help;
mod input;
mod json;
mod output;
mod render;
mod replay;
mod report;
mod serve;
mod show;

use clap::{CommandFactory as _, Parser, Subcommand};

use process::exit::Exit;
use process::{generate, printed};

/// Admission webhooks for serverless Functions, GitRepositories and registry Secrets.
#[derive(Debug, Parser)]
#[command(name = "serverless-webhook", version, after_help = help::program(), propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers the reviews of the API server over HTTPS
    #[command(after_long_help = help::serve())]
    Serve(Box<serve::Args>),
    /// Answers recorded reviews, in process or by a server
    #[command(after_long_help = help::replay())]
    Replay(replay::Args),
    /// Checks manifests as the API server and the webhooks do when they are applied
    #[command(after_long_help = help::check())]
    Check(check::Args),
    /// Writes the registries of nodes in the format of a runtime
    #[command(after_long_help = help::render())]
    Render(render::Args),
    /// Makes certificates for development
    #[command(after_long_help = help::certs())]
    Certs(certs::Args),
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

/// Does what the command line asks for.
#[must_use]
pub fn run() -> Exit {
    let cli: Cli = match printed::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Certs(args) => certs::run(&args),
        Command::Completions(args) => generate::completions(&args, command()),
        Command::Man(args) => generate::man(&args, command()),
    }
}
