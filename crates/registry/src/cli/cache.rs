//! `cache`: from flags to the running gateway of a pull-through cache, and its orderly end.

mod args;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use axum::Router;
use decide::registry::cache_access::TOKEN_LIFE;
use decide::registry::token::Config;
use kube::Api;
use process::exit::Exit;
use process::{logging, shell};
use remote::registry::Upstream;
use tokio::runtime::Builder;
use tokio::sync::watch;

use super::listeners::{Listeners, Served};
use crate::cache::authorize::Authorizer;
use crate::cache::base_endpoint::BaseEndpoint;
use crate::cache::credentials::Credentials;
use crate::cache::follow;
use crate::cache::guard::Guard;
use crate::cache::metrics::CacheMetrics;
use crate::cache::prove::Prover;
use crate::cache::reach::Reach;
use crate::cache::socket::Socket;
use crate::endpoint::Endpoint;
use crate::gateway::Gateway;
use crate::in_force::keep_key;
use crate::metrics::Metrics;
use crate::{probes, router};

pub(super) use args::Args;

/// How long the upstream may take to say who may pull.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(args: &Args) -> Exit {
    if let Err(error) = logging::init(args.common.log_format, &args.common.log_level) {
        return Exit::Usage.because(error);
    }
    shell::run(&mut Builder::new_multi_thread(), async {
        serve(args).await.unwrap_or_else(|error| Exit::Usage.because(format!("{error:#}")))
    })
}

/// Everything that can fail happens before the server accepts the first connection.
async fn serve(args: &Args) -> anyhow::Result<Exit> {
    let (metrics, of_cache) = Metrics::of_cache();
    let metrics = Arc::new(metrics);
    let every = args.common.reload_interval;
    let tls = args.tls().map(|files| Served::read(files, every, &metrics)).transpose()?;
    let remote = &args.remote;
    let upstream =
        Upstream::new(&remote.url, remote.authorities()?.as_deref(), &remote.proxies(), UPSTREAM_TIMEOUT);
    let upstream = Arc::new(upstream.with_context(|| format!("--remote-url {}", remote.url))?);
    let reach = Arc::new(Reach::new(Arc::clone(&upstream)));
    let tokens = authorizer(args, upstream, &reach, &metrics, &of_cache)?;
    let listeners = Listeners::bind(args.listen, &args.common).await?;
    let credentials = credentials(args, &of_cache).await?;

    let synced = match &credentials {
        Some(credentials) => credentials.are_known(),
        // Closed, and so it stays.
        None => watch::channel(true).1,
    };
    let not_after = tls.as_ref().map(|tls| Arc::clone(&tls.not_after));
    let awaits = "the credentials for the upstream";
    let readiness = probes::Readiness { not_after, phase: listeners.phase(), synced, awaits };
    let gateway = Gateway::new(args.upstream.clone(), Arc::clone(&metrics));
    let gateway = Arc::new(if tls.is_some() { gateway } else { gateway.without_tls() });
    let probes = probes::router(Arc::clone(&metrics), readiness, Arc::clone(&gateway));
    let guard = Guard::new(reach, of_cache)
        .with_credentials(credentials)
        .with_fresh_tags(args.deny_stale_tags)
        .with_known_images(args.remembers_images());
    let mut registry = router::alone(Arc::clone(&gateway));
    if tokens.is_some() {
        registry = BaseEndpoint::new(gateway).before(registry);
    }
    let registry = guard.before(registry);
    let router = tokens.map_or_else(Router::new, router::tokens).merge(registry);
    Ok(listeners.serve(probes, router, tls.map(|tls| tls.config), &metrics, &args.common).await)
}

/// The token server, if clients need tokens.
fn authorizer(
    args: &Args,
    upstream: Arc<Upstream>,
    reach: &Arc<Reach>,
    metrics: &Arc<Metrics>,
    of_cache: &CacheMetrics,
) -> anyhow::Result<Option<Arc<Endpoint<Authorizer>>>> {
    let Some(tokens) = args.tokens() else { return Ok(None) };
    let files = tokens.authority;
    let authority = files.read()?;
    let signer = Arc::new(authority.signer(SystemTime::now())?);
    metrics.signing_certificate(signer.not_after());
    let config =
        Config { issuer: tokens.issuer, service: tokens.service, pull: TOKEN_LIFE, push: TOKEN_LIFE };
    let prover = Prover::new(upstream, Arc::clone(reach), of_cache.clone())
        .context("the system has no random numbers")?;
    let server = Arc::new(Authorizer::new(config, signer, prover, tokens.failover, of_cache.clone()));
    let signs = Arc::clone(&server);
    let replace = move |signer| signs.replace(signer);
    tokio::spawn(keep_key(files, authority, args.common.reload_interval, Arc::clone(metrics), replace));
    Ok(Some(Arc::new(Endpoint { server, metrics: Arc::clone(metrics) })))
}

/// The credentials for the upstream, followed and given to the registry, if there are any.
async fn credentials(args: &Args, metrics: &CacheMetrics) -> anyhow::Result<Option<Arc<Credentials>>> {
    let Some(name) = args.credentials_secret.clone() else { return Ok(None) };
    let path = &args.credentials_socket;
    let socket = Socket::bind(path).with_context(|| format!("--credentials-socket {}", path.display()))?;
    let config = process::kubernetes::config().await.context("the credentials cannot be read")?;
    let namespace = args.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = kube::Client::try_from(config).context("the credentials cannot be read")?;
    let credentials = Arc::new(Credentials::awaited(metrics.clone()));
    tokio::spawn(socket.serve(Arc::clone(&credentials)));
    tokio::spawn(follow::secret(Api::namespaced(client, &namespace), name, Arc::clone(&credentials)));
    Ok(Some(credentials))
}
