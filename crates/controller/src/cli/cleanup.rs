//! `cleanup`: removes what the controller leaves in a cluster.

use std::time::Duration;

use crate::copies::cleanup::{self, Options};
use cluster::client;
use process::exit::Exit;
use process::{printed, shell};
use tokio::runtime::Builder;

/// How long a controller may take to stop: longer than the grace period of its Pod, and longer than its Lease.
const PATIENCE: Duration = Duration::from_secs(45);

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The namespace whose labelled objects the controller copied
    #[arg(long, default_value = "kyma-system", value_name = "NAMESPACE")]
    base_namespace: String,
    /// The namespace of the controller, by default the base namespace
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// The name of the controller's Lease
    #[arg(
        long,
        env = "APP_LEADER_ELECTION_ID",
        default_value = "serverless-controller-leader-election-helper",
        value_name = "NAME"
    )]
    lease_name: String,
    /// Removes finalizers and leaves the copies, which running Functions need
    #[arg(long)]
    finalizers_only: bool,
    /// Prints what the command would do, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: Args) -> Exit {
    shell::run(&mut Builder::new_current_thread(), clean_up(args))
}

async fn clean_up(args: Args) -> Exit {
    let client = match client::connect(|_, _| {}).await {
        Ok(client) => client,
        Err(error) => return Exit::Unreadable.because(format!("{error:#}")),
    };
    let options = Options {
        namespace: args.namespace.unwrap_or_else(|| args.base_namespace.clone()),
        base_namespace: args.base_namespace,
        lease: args.lease_name,
        patience: PATIENCE,
        finalizers_only: args.finalizers_only,
        dry_run: args.dry_run,
    };
    let report = match cleanup::run(&client, &options).await {
        Ok(report) => report,
        Err(error @ cleanup::Error::Running { .. }) => return Exit::Refused.because(error),
        Err(error) => return Exit::Unreadable.because(format!("{:#}", anyhow::Error::from(error))),
    };
    let done: String = report.done.iter().flat_map(|object| [object, "\n"]).collect();
    let exit = printed::print(format_args!("{done}"), Exit::Success);
    report.failed.iter().fold(exit, |_, failed| Exit::Unreadable.because(failed))
}
