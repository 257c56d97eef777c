//! `clean`: removes what the agent has written on this node.

use std::path::PathBuf;

use process::exit::Exit;

use crate::node::Node;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of containerd: its `config_path`
    #[arg(long, env = "APP_HOSTS_DIR", default_value = "/etc/containerd/certs.d", value_name = "DIR")]
    hosts_dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Exit {
    match Node::clean(&args.hosts_dir) {
        Ok(report) => report.errors.iter().fold(Exit::Success, |_, error| Exit::Unreadable.because(error)),
        Err(error) => Exit::Unreadable.because(error),
    }
}
