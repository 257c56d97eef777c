//! `run`: the process around the loop. Many may run; one leads.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, Config};
use crate::metrics::Metrics;
use crate::run::{Election, Reconciler, lead};
use cluster::client;
use process::exit::Exit;
use process::logging::{self, LogFormat};
use process::shell;
use process::signals::Signals;
use tokio::runtime::Builder;
use tokio::sync::watch;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration of builds, runtimes and Git
    #[arg(long, env = "APP_CONFIG_PATH", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address for /livez, /readyz and /metrics, in plain HTTP
    #[arg(long, env = "APP_METRICS_ADDRESS", default_value = "[::]:8080", value_parser = shell::address, value_name = "ADDRESS")]
    admin_listen: SocketAddr,
    /// What this controller does, separated by commas. Controllers with different tasks need a --lease-name each
    #[arg(
        long,
        env = "APP_RECONCILE",
        value_enum,
        value_delimiter = ',',
        default_value = "functions,copies,credentials,runtimes,nodes,image-build-envs,image-registries,image-secrets,image-accounts,function-registries,registry-caches",
        value_name = "NAMES"
    )]
    reconcile: Vec<Reconciler>,
    /// Whether other controllers may run beside this one. One of them leads then
    #[arg(long, env = "APP_LEADER_ELECTION_ENABLED", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL", help_heading = "Leader election")]
    leader_election: bool,
    /// The name of the Lease that the leader holds
    #[arg(
        long,
        env = "APP_LEADER_ELECTION_ID",
        default_value = "serverless-controller-leader-election-helper",
        value_name = "NAME",
        help_heading = "Leader election"
    )]
    lease_name: String,
    /// How long the others wait for a silent leader
    #[arg(long, env = "APP_LEASE_DURATION", default_value = "10s", value_parser = duration, value_name = "TIME", help_heading = "Leader election")]
    lease_duration: Duration,
    /// The namespace of the Lease, and of what is handed to the webhook; by default that of the Pod
    #[arg(
        long,
        env = "POD_NAMESPACE",
        default_value = "kyma-system",
        value_name = "NAMESPACE",
        help_heading = "Leader election"
    )]
    namespace: String,
    /// The form of the lines of the log
    #[arg(
        long,
        env = "APP_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Log"
    )]
    log_format: LogFormat,
    #[arg(long, help = logging::LEVEL_HELP, env = "APP_LOG_LEVEL", default_value = "info", value_name = "FILTER", help_heading = "Log")]
    log_level: String,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed
        .filter(|time| *time >= Duration::from_secs(1))
        .ok_or_else(|| "must be a duration of a second or more, such as 10s".to_owned())
}

pub(super) fn run(args: Args) -> Exit {
    let mut config = match config::load(args.config.as_deref(), |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return Exit::Usage.because(error),
    };
    config.namespace.clone_from(&args.namespace);
    if let Err(error) = logging::init(args.log_format, &args.log_level) {
        return Exit::Usage.because(error);
    }
    // One thread: it waits more than it computes, and waking others costs more than they would bring.
    shell::run(&mut Builder::new_current_thread(), serve(args, config))
}

async fn serve(args: Args, config: Config) -> Exit {
    let metrics = Arc::new(Metrics::new());
    let counted = Arc::clone(&metrics);
    let called = move |method: &str, query: Option<&str>| counted.call(method, query);
    let client = match client::connect(called).await {
        Ok(client) => client,
        Err(error) => return Exit::Unreadable.because(format!("{error:#}")),
    };
    let listener = match shell::bind_admin(args.admin_listen).await {
        Ok(listener) => listener,
        Err(error) => return Exit::Usage.because(error),
    };
    let Ok(mut signals) = Signals::new() else {
        return Exit::Unreadable.because("signals cannot be waited for");
    };
    let admin = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), admin, "starting");
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(process::admin::serve(
        listener,
        crate::admin::router(Arc::clone(&metrics), stopping.clone()),
    ));
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "controller".to_owned());
    let election = args.leader_election.then(|| Election {
        namespace: args.namespace,
        lease: args.lease_name,
        identity: format!("{host}_{:08x}", fastrand::u32(..)),
        duration: args.lease_duration,
    });
    let reconcilers = Vec::from_iter(BTreeSet::from_iter(args.reconcile));
    let mut leading = pin!(lead(&client, &config, &reconcilers, election.as_ref(), &metrics, stopping));
    tokio::select! {
        () = &mut leading => {}
        () = signals.wait() => {
            tracing::info!("stopping");
            stop.send_replace(true);
            // Whoever asks twice does not want to wait.
            if signals.unless_again(leading).await.is_none() {
                return Exit::Refused;
            }
        }
    }
    tracing::info!("stopped");
    Exit::Success
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rstest::rstest;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[rstest]
    #[case::all_by_default(&[], &Reconciler::ALL)]
    #[case::one(&["--reconcile", "copies"], &[Reconciler::Copies])]
    #[case::some(&["--reconcile", "credentials,functions"], &[Reconciler::Credentials, Reconciler::Functions])]
    fn reconcilers_are_chosen_by_name(#[case] words: &[&str], #[case] expected: &[Reconciler]) {
        let line = Line::parse_from(["run"].iter().chain(words));
        assert_eq!(line.args.reconcile, expected);
    }
}
