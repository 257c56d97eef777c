//! The command line: what there is to ask for. Each command is in a file of its own.

mod certs;
mod check;
mod generate;
mod input;
mod output;
mod printable;
mod replay;
mod report;
mod serve;
mod show;
mod value;

use clap::{CommandFactory as _, Parser, Subcommand};

use process::exit::{self, Exit};

const AFTER_HELP: &str = "\
Exit codes:
  0   all is well: everything was allowed, or was as expected
  1   something was refused, or was not as expected
  2   some input could not be read; the rest was processed
  64  wrong use: a flag, a path or the configuration";

/// Admission webhooks for serverless Functions, GitRepositories and registry Secrets.
#[derive(Debug, Parser)]
#[command(name = "serverless-webhook", version, after_help = AFTER_HELP, propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answers the reviews of the API server over HTTPS
    Serve(Box<serve::Args>),
    /// Answers recorded reviews, to see what becomes of them
    Replay(replay::Args),
    /// Checks manifests as the API server and the webhooks would when they are created
    Check(check::Args),
    /// Makes certificates for development
    Certs(certs::Args),
    /// Prints the completions of a shell
    Completions(generate::CompletionsArgs),
    /// Prints the manual page
    Man(generate::ManArgs),
}

/// Does what the command line asks for.
#[must_use]
pub fn run() -> Exit {
    let cli: Cli = match exit::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Certs(args) => certs::run(&args),
        Command::Completions(args) => generate::completions(&args, Cli::command()),
        Command::Man(args) => generate::man(&args, Cli::command()),
    }
}
