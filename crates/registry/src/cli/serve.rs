//! `serve`: from flags to a running gateway and token server, and their orderly end.

mod args;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use axum::Router;
use jiff::Timestamp;
use kube::Api;
use process::exit::Exit;
use process::https::tls::{Clients, TlsFiles};
use process::https::{Bound, Patience, Phase, Serving, leave};
use process::signals::Signals;
use process::{https, logging, shell};
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::endpoint::Endpoint;
use crate::gateway::Gateway;
use crate::in_force::{InForce, Rules, Text};
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::refresh::Refresh;
use crate::server::{Server, State};
use crate::service_accounts::ServiceAccounts;
use crate::signing::{Authority, AuthorityFiles};
use crate::{access, follow, probes, router};

pub(super) use args::Args;

pub(super) fn run(args: &Args) -> Exit {
    if let Err(error) = logging::init(args.log_format, &args.log_level) {
        return Exit::Usage.because(error);
    }
    shell::run(&mut Builder::new_multi_thread(), async {
        serve(args).await.unwrap_or_else(|error| Exit::Usage.because(format!("{error:#}")))
    })
}

/// Everything that can fail happens before the server accepts the first connection.
async fn serve(args: &Args) -> anyhow::Result<Exit> {
    let metrics = Arc::new(Metrics::new());
    let tls = certificate(args, &metrics)?;
    let accounts = Arc::new(Accounts::awaited());
    let tokens = Prepared::read(args)?;
    let config = process::kubernetes::config().await.context("the accounts cannot be read")?;
    let namespace = args.tokens.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = kube::Client::try_from(config).context("the accounts cannot be read")?;
    let tokens = tokens.server(args.reload_interval, &metrics, &accounts, client.clone())?;

    let bound = Bound::bind(args.listen)
        .await
        .map_err(|error| anyhow::anyhow!("--listen {}: {error}", args.listen))?;
    let admin = shell::bind_admin(args.admin_listen).await.map_err(anyhow::Error::msg)?;
    let mut signals = Signals::new()?;

    let (phase, phases) = watch::channel(Phase::Serving);
    let (synced, is_synced) = watch::channel(false);
    let readiness =
        probes::Readiness { not_after: Arc::clone(&tls.not_after), phase: phases.clone(), synced: is_synced };
    let admin_address = admin.local_addr()?;
    let gateway = Arc::new(Gateway::new(args.upstream.clone(), Arc::clone(&metrics)));
    let probes = probes::router(Arc::clone(&metrics), readiness, Arc::clone(&gateway));
    tokio::spawn(process::admin::serve(admin, probes));
    let api = Api::namespaced(client, &namespace);
    tokio::spawn(follow::accounts(api, accounts, Arc::clone(&metrics), synced));

    let serving = Serving {
        router: routes(args, gateway, tokens),
        tls: tls.config,
        limits: args.limits.of_connections(),
        metrics: Arc::clone(&metrics.connections),
        phase: phases,
    };
    tracing::info!("serving on https://{}, admin on http://{admin_address}", bound.address());
    let server = tokio::spawn(bound.serve(serving));
    signals.wait().await;
    let patience = Patience { delay: args.shutdown_delay, drain: args.drain_timeout };
    signals.unless_again(leave(&phase, server, patience)).await;
    Ok(Exit::Success)
}

/// What clients are answered.
fn routes(args: &Args, gateway: Arc<Gateway>, tokens: Arc<Endpoint>) -> Router {
    let router = router::router(gateway, tokens);
    if args.access_log { access::logged(router) } else { router }
}

/// The TLS configuration, kept up to date.
struct Served {
    config: Arc<ArcSwap<rustls::ServerConfig>>,
    not_after: https::reload::NotAfter,
}

fn certificate(args: &Args, metrics: &Arc<Metrics>) -> anyhow::Result<Served> {
    let (certificate, key) = (args.tls_cert_file.clone(), args.tls_private_key_file.clone());
    let files = TlsFiles { certificate, key, clients: Clients::default() };
    let content = files.read()?;
    let tls = files.build(&content)?;
    if tls.not_after < SystemTime::now() {
        tracing::error!("--tls-cert-file {}: the certificate has expired", args.tls_cert_file.display());
    }
    metrics.certificate(tls.not_after);
    let not_after = Arc::new(ArcSwap::from_pointee(tls.not_after));
    let config = Arc::new(ArcSwap::new(tls.config));
    let (kept, until, metrics) = (Arc::clone(&config), Arc::clone(&not_after), Arc::clone(metrics));
    tokio::spawn(https::reload::certificate(files, content, kept, until, args.reload_interval, move |new| {
        metrics.reloaded("certificate", new.is_some());
        if let Some(not_after) = new {
            metrics.certificate(not_after);
        }
    }));
    Ok(Served { config, not_after })
}

/// What the token server is made of, read before anything is served.
struct Prepared {
    state: State,
    rules: Rules,
    text: Text,
    files: AuthorityFiles,
    authority: Authority,
    refresh: Option<Refresh>,
}

impl Prepared {
    fn read(args: &Args) -> anyhow::Result<Self> {
        let tokens = &args.tokens;
        let (rules, files) = (tokens.rules(), tokens.authority());
        let (text, authority) = (rules.read()?, files.read()?);
        let (acl, signer) = (rules.acl(&text)?, authority.signer(SystemTime::now())?);
        let state = State { config: tokens.config(), acl: Arc::new(acl), signer: Arc::new(signer) };
        Ok(Self { state, rules, text, files, authority, refresh: tokens.refresh()? })
    }

    fn server(
        self,
        reload_interval: Duration,
        metrics: &Arc<Metrics>,
        accounts: &Arc<Accounts>,
        client: kube::Client,
    ) -> anyhow::Result<Arc<Endpoint>> {
        let Self { state, rules, text, files, authority, refresh } = self;
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let passwords =
            Passwords::new(cores, metrics.logins_waiting()).context("the system has no random numbers")?;
        let server = Server::new(state.clone(), Arc::clone(accounts), passwords, refresh, Timestamp::now)
            .with_service_accounts(ServiceAccounts::new(client, Timestamp::now));
        let server = Arc::new(server);
        let in_force = Arc::new(InForce::new(state, Arc::clone(&server), Arc::clone(metrics)));
        tokio::spawn(Arc::clone(&in_force).keep_rules(rules, text, reload_interval));
        tokio::spawn(in_force.keep_key(files, authority, reload_interval));
        Ok(Arc::new(Endpoint { server, metrics: Arc::clone(metrics) }))
    }
}
