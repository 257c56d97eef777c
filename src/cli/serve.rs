//! `serve`: from flags to a running server, and its orderly end.

mod certificates;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use policy::config::Installed;
use process::exit::Exit;
use process::logging::{self, LogFormat};
use process::shell;
use process::signals::Signals;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, watch};

use crate::admission::app::{self, App};
use crate::admission::body::BodyLimits;
use crate::config;
use crate::metrics::Metrics;
use crate::rules::Rules;
use crate::{probes, reload};
use process::https::tls::Clients;
use process::https::{Bound, ConnectionLimits, Pace, Patience, Phase, Serving, leave};
use process::value::{duration, positive_duration, size};

/// The most threads that answer reviews. Each has memory of its own, which on a large machine would exceed the limit of a
/// Pod; a few threads answer more reviews than an API server asks.
const WORKERS_MAX: usize = 8;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The address to answer reviews at; with port 0 the system chooses a free port, which is logged
    #[arg(long, env = "WEBHOOK_LISTEN", default_value = "[::]:8443", value_parser = shell::address, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The address for /livez, /readyz and /metrics, in plain HTTP
    #[arg(long, env = "WEBHOOK_ADMIN_LISTEN", default_value = "[::]:9090", value_parser = shell::address, value_name = "ADDRESS")]
    admin_listen: SocketAddr,
    /// The configuration of presets, minima and runtimes
    #[arg(long, env = "WEBHOOK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The runtimes that the controller hands over, added to those of the configuration. The file may come later
    #[arg(long, env = "WEBHOOK_RUNTIMES_FILE", value_name = "FILE")]
    runtimes_file: Option<PathBuf>,
    /// How often the certificate, the configuration and the runtimes are read again
    #[arg(long, env = "WEBHOOK_RELOAD_INTERVAL", default_value = "5s", value_parser = positive_duration, value_name = "TIME")]
    reload_interval: Duration,
    #[command(flatten)]
    certificates: certificates::Args,
    /// Only clients with a certificate of this authority may connect
    #[arg(long, env = "WEBHOOK_CLIENT_CA_FILE", value_name = "FILE", help_heading = "TLS")]
    client_ca_file: Option<PathBuf>,
    /// Only clients whose certificate has this name (common or alternative) may connect; may be repeated
    #[arg(
        long,
        env = "WEBHOOK_CLIENT_NAME",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "client_ca_file",
        help_heading = "TLS"
    )]
    client_name: Vec<String>,
    /// The form of the lines of the log
    #[arg(
        long,
        env = "WEBHOOK_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Log"
    )]
    log_format: LogFormat,
    #[arg(
        long,
        help = logging::LEVEL_HELP,
        env = "WEBHOOK_LOG_LEVEL",
        default_value = "info",
        value_name = "FILTER",
        help_heading = "Log"
    )]
    log_level: String,
    /// How long the server still accepts connections after SIGTERM, while it reports that it is not ready
    #[arg(long, env = "WEBHOOK_SHUTDOWN_DELAY", default_value = "5s", value_parser = duration, value_name = "TIME", help_heading = "Shutdown")]
    shutdown_delay: Duration,
    /// How long requests may take to finish after that
    #[arg(long, env = "WEBHOOK_DRAIN_TIMEOUT", default_value = "20s", value_parser = duration, value_name = "TIME", help_heading = "Shutdown")]
    drain_timeout: Duration,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// The largest body of a request, in bytes
    #[arg(long, env = "WEBHOOK_MAX_BODY", default_value = "7Mi", value_parser = size, value_name = "BYTES")]
    max_body: usize,
    /// The memory for all bodies and answers together, in bytes; requests beyond it are rejected with 429
    #[arg(long, env = "WEBHOOK_BODY_MEMORY", default_value = "40Mi", value_parser = size, value_name = "BYTES")]
    body_memory: usize,
    /// How long the body of a request may take to arrive
    #[arg(long, env = "WEBHOOK_BODY_TIMEOUT", default_value = "10s", value_parser = positive_duration, value_name = "TIME")]
    body_timeout: Duration,
    /// How long a TLS handshake may take
    #[arg(long, env = "WEBHOOK_HANDSHAKE_TIMEOUT", default_value = "5s", value_parser = positive_duration, value_name = "TIME")]
    handshake_timeout: Duration,
    /// How long the head of a request may take to arrive
    #[arg(long, env = "WEBHOOK_HEADER_TIMEOUT", default_value = "5s", value_parser = positive_duration, value_name = "TIME")]
    header_timeout: Duration,
    /// The largest head of a request, in bytes
    #[arg(long, env = "WEBHOOK_MAX_HEADER", default_value = "32Ki", value_parser = size, value_name = "BYTES")]
    max_header: usize,
    /// How long a connection may be idle between requests
    #[arg(long, env = "WEBHOOK_IDLE_TIMEOUT", default_value = "90s", value_parser = positive_duration, value_name = "TIME")]
    idle_timeout: Duration,
    /// How long a client may take to read an answer
    #[arg(long, env = "WEBHOOK_WRITE_TIMEOUT", default_value = "10s", value_parser = positive_duration, value_name = "TIME")]
    write_timeout: Duration,
    /// How long a request may take, even if its client allows more
    #[arg(long, env = "WEBHOOK_MAX_REQUEST_TIME", default_value = "30s", value_parser = positive_duration, value_name = "TIME")]
    max_request_time: Duration,
    /// How many connections may be open; if there are more, the one that is idle longest is closed
    #[arg(long, env = "WEBHOOK_MAX_CONNECTIONS", default_value = "1024", value_parser = size, value_name = "NUMBER")]
    max_connections: usize,
    /// How many connections one address may have open; if it has more, its own that is idle longest is closed. API
    /// servers behind one address (NAT, a proxy) share this number. By default half of --max-connections
    #[arg(long, env = "WEBHOOK_MAX_CONNECTIONS_PER_PEER", value_parser = size, value_name = "NUMBER")]
    max_connections_per_peer: Option<usize>,
    /// How many requests may be in progress; further ones are rejected with 429
    #[arg(long, env = "WEBHOOK_MAX_IN_FLIGHT", default_value = "256", value_parser = size, value_name = "NUMBER")]
    max_in_flight: usize,
}

pub(super) fn run(args: &Args) -> Exit {
    if let Err(error) = logging::init(args.log_format, &args.log_level) {
        return Exit::Usage.because(error);
    }
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(WORKERS_MAX);
    // What does not end within the drain timeout ends with the work.
    shell::run(Builder::new_multi_thread().worker_threads(workers), async {
        serve(args).await.unwrap_or_else(|error| Exit::Usage.because(format!("{error:#}")))
    })
}

/// Everything that can fail happens before the server accepts the first connection.
async fn serve(args: &Args) -> anyhow::Result<Exit> {
    let metrics = Arc::new(Metrics::new());
    let (rules, files) = rules(args, &metrics)?;

    let clients = Clients { authority: args.client_ca_file.clone(), names: args.client_name.clone() };
    let certificates = args.certificates.source(clients, args.reload_interval).await?;

    let bound = Bound::bind(args.listen)
        .await
        .map_err(|error| anyhow::anyhow!("--listen {}: {error}", args.listen))?;
    let admin = shell::bind_admin(args.admin_listen).await.map_err(anyhow::Error::msg)?;
    let mut signals = Signals::new()?;

    let (phase, phases) = watch::channel(Phase::Starting);
    let not_after = Arc::new(ArcSwap::from_pointee(SystemTime::UNIX_EPOCH));
    let probes = probes::router(Arc::clone(&metrics), Arc::clone(&not_after), phases.clone());
    let admin_address = admin.local_addr()?;
    tokio::spawn(process::admin::serve(admin, probes));
    let tls = tokio::select! {
        tls = certificates.keep(not_after, &metrics, args.reload_interval) => tls,
        () = signals.wait() => return Ok(Exit::Success),
    };

    let app = app(&args.limits, rules.in_force(), &metrics);
    let serving = Serving {
        router: app::router(&app),
        tls: Some(tls),
        limits: connection_limits(&args.limits),
        metrics: Arc::clone(&metrics.connections),
        phase: phases,
    };
    phase.send_replace(Phase::Serving);
    tracing::info!("serving on https://{}, admin on http://{admin_address}", bound.address());
    files.keep(&rules, &metrics, args.reload_interval);
    let server = tokio::spawn(bound.serve(serving));

    signals.wait().await;
    let patience = Patience { delay: args.shutdown_delay, drain: args.drain_timeout };
    signals.unless_again(leave(&phase, server, patience)).await;
    Ok(Exit::Success)
}

/// The files that rules come from, each with its content.
struct RuleFiles {
    configuration: Option<(PathBuf, String)>,
    runtimes: Option<(PathBuf, Option<String>)>,
}

/// The rules at the start. A configuration that cannot be used is its author's to correct; runtimes that cannot be used are
/// left out, since the controller corrects them.
fn rules(args: &Args, metrics: &Metrics) -> anyhow::Result<(Arc<Rules>, RuleFiles)> {
    let text = args.config.as_deref().map(config::read).transpose()?;
    let environment = |name: &str| std::env::var(name).ok();
    let config = config::parse(args.config.as_deref().zip(text.as_deref()), environment)?;
    config::warn(&config);
    metrics.configuration(true);
    metrics.runtimes(true);
    let (mut installed, mut runtimes) = (Installed::default(), None);
    if let Some(path) = args.runtimes_file.clone() {
        let text = config::read_runtimes(&path).unwrap_or_default();
        let parsed = config::parse_runtimes(&path, text.as_deref());
        metrics.runtimes(parsed.is_ok());
        match parsed {
            Ok(parsed) => installed = parsed,
            Err(error) => {
                tracing::error!(%error, "the runtimes cannot be used: only those of the configuration are known");
            }
        }
        runtimes = Some((path, text));
    }
    let files = RuleFiles { configuration: args.config.clone().zip(text), runtimes };
    Ok((Arc::new(Rules::new(config, installed)), files))
}

impl RuleFiles {
    /// Has the rules follow the files from now on.
    fn keep(self, rules: &Arc<Rules>, metrics: &Arc<Metrics>, every: Duration) {
        if let Some((path, text)) = self.configuration {
            tokio::spawn(reload::configuration(path, text, Arc::clone(rules), Arc::clone(metrics), every));
        }
        if let Some((path, text)) = self.runtimes {
            tokio::spawn(reload::runtimes(path, text, Arc::clone(rules), Arc::clone(metrics), every));
        }
    }
}

fn app(limits: &Limits, config: Arc<ArcSwap<policy::Config>>, metrics: &Arc<Metrics>) -> Arc<App> {
    Arc::new(App {
        config,
        metrics: Arc::clone(metrics),
        bodies: BodyLimits::new(limits.max_body, limits.body_memory, limits.body_timeout),
        max_request_time: limits.max_request_time,
        in_flight: Arc::new(Semaphore::new(limits.max_in_flight.min(Semaphore::MAX_PERMITS))),
        work_memory: app::work_memory(limits.max_body),
    })
}

fn connection_limits(limits: &Limits) -> ConnectionLimits {
    ConnectionLimits {
        handshake: limits.handshake_timeout,
        header: limits.header_timeout,
        max_header_bytes: limits.max_header,
        idle: limits.idle_timeout,
        // Beyond the time of the request itself, so that its end is an answer and not a closed connection.
        request: limits.max_request_time + limits.body_timeout,
        write: limits.write_timeout,
        pace: Pace::Whole,
        max_connections: limits.max_connections,
        max_per_peer: limits.max_connections_per_peer.unwrap_or(limits.max_connections.div_ceil(2)),
    }
}
