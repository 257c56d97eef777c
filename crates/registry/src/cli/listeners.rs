//! The ports of a command that serves a registry: bound before anything is served, and closed in an orderly end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use axum::Router;
use process::exit::Exit;
use process::https::tls::{Clients, TlsFiles};
use process::https::{Bound, Patience, Phase, Serving, leave};
use process::signals::Signals;
use process::{https, shell};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::common::Common;
use crate::access;
use crate::metrics::Metrics;

/// The TLS configuration, replaced when its files change.
pub(super) type Config = Arc<ArcSwap<rustls::ServerConfig>>;

/// A TLS configuration that is kept up to date.
pub(super) struct Served {
    /// The configuration.
    pub(super) config: Config,
    /// When its certificate expires.
    pub(super) not_after: https::reload::NotAfter,
}

/// The ports. Nothing is accepted yet.
pub(super) struct Listeners {
    bound: Bound,
    admin: TcpListener,
    signals: Signals,
    phase: watch::Sender<Phase>,
}

impl Served {
    /// Reads a certificate and its key, and reads them again when they change.
    pub(super) fn read(
        (certificate, key): (PathBuf, PathBuf),
        every: Duration,
        metrics: &Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let files = TlsFiles { certificate, key, clients: Clients::default() };
        let content = files.read()?;
        let tls = files.build(&content)?;
        if tls.not_after < SystemTime::now() {
            let file = files.certificate.display();
            tracing::error!("--tls-cert-file {file}: the certificate has expired");
        }
        metrics.certificate(tls.not_after);
        let not_after = Arc::new(ArcSwap::from_pointee(tls.not_after));
        let config = Arc::new(ArcSwap::new(tls.config));
        let (kept, until, metrics) = (Arc::clone(&config), Arc::clone(&not_after), Arc::clone(metrics));
        tokio::spawn(https::reload::certificate(files, content, kept, until, every, move |new| {
            metrics.reloaded("certificate", new.is_some());
            if let Some(not_after) = new {
                metrics.certificate(not_after);
            }
        }));
        Ok(Self { config, not_after })
    }
}

impl Listeners {
    pub(super) async fn bind(listen: SocketAddr, common: &Common) -> anyhow::Result<Self> {
        let bound = Bound::bind(listen).await;
        let bound = bound.map_err(|error| anyhow::anyhow!("--listen {listen}: {error}"))?;
        let admin = shell::bind_admin(common.admin_listen).await.map_err(anyhow::Error::msg)?;
        let (phase, _) = watch::channel(Phase::Serving);
        Ok(Self { bound, admin, signals: Signals::new()?, phase })
    }

    /// How far the end has come.
    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Serves until a signal, and ends in order. Without a TLS configuration, clients come in plain HTTP.
    pub(super) async fn serve(
        self,
        probes: Router,
        router: Router,
        tls: Option<Config>,
        metrics: &Metrics,
        common: &Common,
    ) -> Exit {
        let Self { bound, admin, mut signals, phase } = self;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let admin_address = admin.local_addr();
        let serving = Serving {
            router: if common.access_log { access::logged(router) } else { router },
            tls,
            limits: common.limits.of_connections(),
            metrics: Arc::clone(&metrics.connections),
            phase: phase.subscribe(),
        };
        tokio::spawn(process::admin::serve(admin, probes));
        if let Ok(admin_address) = admin_address {
            tracing::info!("serving on {scheme}://{}, admin on http://{admin_address}", bound.address());
        }
        let server = tokio::spawn(bound.serve(serving));
        signals.wait().await;
        let patience = Patience { delay: common.shutdown_delay, drain: common.drain_timeout };
        signals.unless_again(leave(&phase, server, patience)).await;
        Exit::Success
    }
}
