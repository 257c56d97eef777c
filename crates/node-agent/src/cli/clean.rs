//! `clean`: removes what the agent has written on this node.

use process::exit::Exit;
use process::{printed, shell};
use tokio::runtime::Builder;

use super::places::{Access, Files};
use crate::error::Error;
use crate::node::{Node, Places};
use crate::uninstall;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    files: Files,
    /// Removes nothing while this `DaemonSet` exists and is not being deleted: for `preStop`, which runs in rolling updates, too
    #[arg(long, env = "APP_UNLESS_DAEMON_SET", value_name = "NAME", help_heading = "Uninstall")]
    unless_daemon_set: Option<String>,
    #[command(flatten, next_help_heading = "Uninstall")]
    access: Access,
}

pub(super) fn run(args: &Args) -> Exit {
    match &args.unless_daemon_set {
        None => clean(&Places { owner: String::new(), ..args.files.places() }),
        Some(name) => shell::run(&mut Builder::new_current_thread(), clean_if_gone(args, name)),
    }
}

async fn clean_if_gone(args: &Args, daemon_set: &str) -> Exit {
    let account = match args.access.account() {
        Ok(account) => account,
        Err(error) => return Exit::Usage.because(error),
    };
    match uninstall::is_gone(&account, &args.access.namespace, daemon_set).await {
        Ok(true) => clean(&args.files.places()),
        Ok(false) => {
            let text = format_args!("the DaemonSet {daemon_set} exists: nothing was removed\n");
            printed::print(text, Exit::Success)
        }
        Err(error) => Exit::Unavailable.because(format_args!("nothing was removed: {error}")),
    }
}

fn clean(places: &Places) -> Exit {
    let report = Node::clean(places);
    if matches!(report.errors[..], [Error::Superseded]) {
        let text = format_args!("the files are those of the agent in another Pod: nothing was removed\n");
        return printed::print(text, Exit::Success);
    }
    let exit = printed::print(format_args!("files removed: {}\n", report.removed), Exit::Success);
    report.errors.into_iter().fold(exit, |_, error| Exit::Unreadable.because(error))
}
