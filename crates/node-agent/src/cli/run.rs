//! `run`: the process around the loop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use decide::nodes::render::hosts::Options;
use decide::nodes::version::Version;
use process::exit::Exit;
use process::logging::{self, LogFormat};
use process::shell;
use process::signals::Signals;
use tokio::runtime::Builder;

use super::places::{Access, Files};
use crate::admin;
use crate::agent::Agent;
use crate::any_certificate;
use crate::apply::Disk;
use crate::ask::Asker;
use crate::metrics::Metrics;
use crate::source::Source;
use crate::status::Status;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// A folder with the value in the file `values`, as the kubelet mounts a Secret. By default the Secret node-registries of the
    /// namespace is watched
    #[arg(long, env = "APP_SOURCE", value_name = "DIR")]
    source: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    files: Files,
    /// The version of containerd. Later ones read the same files, and earlier ones down to 1.7 skip keys that they do not know
    #[arg(long, env = "APP_CONTAINERD", default_value_t = Version::DEFAULT, value_name = "VERSION")]
    containerd: Version,
    /// How credentials reach containerd
    #[arg(long, env = "APP_CREDENTIALS", value_enum, default_value_t, value_name = "HOW")]
    credentials: Credentials,
    /// The address for /livez, /readyz and /metrics, in plain HTTP
    #[arg(long, env = "APP_METRICS_ADDRESS", default_value = "[::]:8080", value_parser = shell::address, value_name = "ADDRESS")]
    admin_listen: SocketAddr,
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

/// How credentials reach containerd.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Credentials {
    /// As headers in hosts.toml
    #[default]
    Headers,
    /// By serverless-credential-provider, which the kubelet runs: hosts.toml holds none
    Provider,
}

pub(super) fn run(args: Args) -> Exit {
    if let Err(error) = logging::init(args.log_format, &args.log_level) {
        return Exit::Usage.because(error);
    }
    shell::run(&mut Builder::new_current_thread(), serve(args))
}

async fn serve(args: Args) -> Exit {
    let source = match source(&args) {
        Ok(source) => source,
        Err(exit) => return exit,
    };
    let listener = match shell::bind_admin(args.admin_listen).await {
        Ok(listener) => listener,
        Err(error) => return Exit::Usage.because(error),
    };
    let (Ok(mut signals), Ok(tls)) = (Signals::new(), any_certificate::config()) else {
        return Exit::Unreadable.because("neither signals nor TLS can be used");
    };
    let admin = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let places = args.files.places();
    let hosts = places.hosts.display().to_string();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), admin, source = source.name(), hosts, "starting");
    let metrics = Arc::new(Metrics::new());
    let status = Status::new(source.name(), Instant::now());
    tokio::spawn(process::admin::serve(listener, admin::router(Arc::clone(&metrics), status.clone())));
    let agent = Agent {
        options: Options {
            version: args.containerd,
            credentials: args.credentials == Credentials::Headers,
            ..Options::default()
        },
        disk: Disk::new(places, args.credentials == Credentials::Provider),
        source: source.name(),
        metrics: Arc::clone(&metrics),
        status: status.clone(),
        asker: Asker::new(tls),
    };
    tokio::select! {
        () = agent.run(source.follow(metrics, status)) => Exit::Unreadable.because("the source of the value has ended"),
        // The files stay: another agent follows, or `clean` removes them.
        () = signals.wait() => {
            tracing::info!("stopped");
            Exit::Success
        }
    }
}

fn source(args: &Args) -> Result<Source, Exit> {
    if let Some(folder) = &args.source {
        return Ok(Source::Folder(folder.clone()));
    }
    let namespace = args.access.namespace.clone();
    match args.access.account() {
        Ok(account) => Ok(Source::Secret { account, namespace }),
        Err(error) => Err(Exit::Usage.because(format_args!("{error}, or --source a folder"))),
    }
}
