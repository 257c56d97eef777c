//! `doctor`: says why this node does not pull as it was asked to.

use std::io;
use std::path::PathBuf;

use decide::nodes::version::Version;
use jiff::Timestamp;
use process::exit::Exit;
use process::{printed, terminal};

use crate::doctor::{Question, examine};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of containerd, or a copy of it
    #[arg(long, default_value = decide::nodes::doctor::FOLDER, value_name = "DIR")]
    root: PathBuf,
    /// The value that was asked for: a values file, or the Secret that holds it
    #[arg(long, value_name = "FILE")]
    wanted: Option<PathBuf>,
    /// The version of containerd [default: what `containerd --version` says on this node]
    #[arg(long, value_name = "VERSION")]
    containerd: Option<Version>,
    /// Does not ask mirrors whether they answer
    #[arg(long)]
    offline: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Form,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Form {
    /// A table for people
    #[default]
    Table,
    /// One JSON document
    Json,
}

pub(super) fn run(args: &Args) -> Exit {
    let question = Question {
        root: &args.root,
        wanted: args.wanted.as_deref(),
        version: args.containerd,
        asks_servers: !args.offline,
    };
    let report = match examine(&question, Timestamp::now()) {
        Ok(report) => report,
        Err(error) => return Exit::Unreadable.because(error),
    };
    if let Some(warning) = report.warning() {
        // Without a standard error nobody can read it.
        let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("warning: {warning}\n"));
    }
    let text = match args.output {
        Form::Table => report.to_table(terminal::width()),
        Form::Json => report.to_json(),
    };
    printed::print(format_args!("{text}"), report.exit())
}
