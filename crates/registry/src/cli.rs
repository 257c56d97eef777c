//! The command line. Each command is in a file of its own.

mod acl;
mod cache;
mod common;
mod credentials;
mod help;
mod listeners;
mod serve;

use clap::{CommandFactory as _, Parser, Subcommand};
use process::exit::Exit;
use process::{generate, printed};

/// Guards a registry or a pull-through cache in the cluster: passes requests on to it, verifies logins and signs tokens.
#[derive(Debug, Parser)]
#[command(name = "serverless-registry", version, after_help = help::program(), propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves a registry and its tokens over HTTPS
    #[command(after_long_help = help::serve())]
    Serve(Box<serve::Args>),
    /// Serves a pull-through cache, and lets clients pull what they may pull from its upstream
    #[command(after_long_help = help::cache())]
    Cache(Box<cache::Args>),
    /// Gives the registry of a cache the credentials for its upstream
    #[command(subcommand)]
    Credentials(Credentials),
    /// Works with the rules of a registry
    #[command(subcommand)]
    Acl(Acl),
    /// Prints the completions of a shell
    #[command(after_long_help = help::completions())]
    Completions(generate::CompletionsArgs),
    /// Prints the manual page, or writes all pages
    #[command(after_long_help = help::man())]
    Man(generate::ManArgs),
}

#[derive(Debug, Subcommand)]
enum Acl {
    /// Shows which rule decides about a request, and what it allows
    #[command(after_long_help = help::explain())]
    Explain(acl::ExplainArgs),
}

#[derive(Debug, Subcommand)]
enum Credentials {
    /// Prints the credentials as a credential helper of docker does; reads the name of the server from its input
    #[command(after_long_help = help::get())]
    Get(credentials::GetArgs),
    /// Copies this program, so that another container of the Pod can run it as a credential helper
    #[command(after_long_help = help::install())]
    Install(credentials::InstallArgs),
}

/// The definition of the command line.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command of the command line.
#[must_use]
pub fn run() -> Exit {
    if let Some(exit) = credentials::as_helper(std::env::args_os()) {
        return exit;
    }
    let cli: Cli = match printed::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Cache(args) => cache::run(&args),
        Command::Credentials(Credentials::Get(args)) => credentials::get(&args),
        Command::Credentials(Credentials::Install(args)) => credentials::install(&args),
        Command::Acl(Acl::Explain(args)) => acl::explain(args),
        Command::Completions(args) => generate::completions(&args, command()),
        Command::Man(args) => generate::man(&args, command()),
    }
}
