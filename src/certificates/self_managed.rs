//! Certificates that the webhook manages itself, in two Secrets that all replicas share: observe, decide, act. Every
//! replica serves what the Secret holds; the one that holds the Lease writes.

mod cluster;
mod decide;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use kube::Client;
use process::certificates::{self as issue, Certificate, Keyed, Pair};
use process::lease::Lease;
use rustls::ServerConfig;

use crate::certificates::service_names;
use crate::metrics::Metrics;
use cluster::{Cluster, Configuration, Stored};
use decide::{Observed, Step, Wanted, decide};
use process::https::reload::NotAfter;
use process::https::tls::{self, ClientCa, Clients, Tls};

/// How the certificates must be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Secrets and Lease are.
    pub namespace: String,
    /// The name of the Service and of the webhook configurations; Secrets and Lease are named after it.
    pub service: String,
    /// Names and addresses to serve beside those of the Service.
    pub further_names: Vec<String>,
    /// The name of this replica.
    pub identity: String,
    /// How long a server certificate is valid.
    pub lifetime: Duration,
    /// How long an authority is valid.
    pub authority_lifetime: Duration,
    /// How long a new authority is published before it signs.
    pub grace: Duration,
    /// How often to look. Whoever holds the Lease and is silent three times in a row loses it.
    pub every: Duration,
    /// Who may connect.
    pub clients: Clients,
    /// The clock: that of the system, except in tests.
    pub clock: fn() -> SystemTime,
}

/// Why the certificates cannot be managed for now.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// The API server refuses, or cannot be reached.
    #[error(transparent)]
    Api(#[from] kube::Error),
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Issue(#[from] rcgen::Error),
    /// A certificate cannot be served.
    #[error(transparent)]
    Pair(#[from] tls::PairError),
    /// The authority of clients cannot be used.
    #[error(transparent)]
    Clients(#[from] tls::TlsError),
}

/// Manages the certificates.
pub struct Manager {
    settings: Settings,
    wanted: Wanted,
    cluster: Cluster,
    lease: Lease,
    /// Since when the authority is published everywhere, and which it is.
    published: Option<(Certificate, Instant)>,
    /// Nobody trusted anything when this replica made the authority: there is nobody to wait for.
    is_new: bool,
    served: Option<Served>,
}

struct Served {
    pair: Keyed,
    client_ca: ClientCa,
}

/// How many steps are taken in a row: more than lie between nothing and a signed certificate.
const MAX_STEPS: usize = 6;

impl Manager {
    /// Does not talk to the API server yet.
    #[must_use]
    pub fn new(client: &Client, settings: Settings) -> Self {
        let mut names = service_names(&settings.service, &settings.namespace);
        names.extend(settings.further_names.iter().cloned());
        Self {
            wanted: Wanted { names, lifetime: settings.lifetime },
            cluster: Cluster::new(client, &settings.namespace, &settings.service),
            lease: Lease::new(
                client.clone(),
                &settings.namespace,
                &settings.service,
                &settings.identity,
                settings.every * 3,
            ),
            published: None,
            is_new: false,
            served: None,
            settings,
        }
    }

    /// Tries again and again until there is a certificate to serve.
    pub async fn first(&mut self) -> Tls {
        let mut failure = LoggedOnce::default();
        loop {
            match self.look().await {
                Ok(Some(tls)) => return tls,
                Ok(None) => failure.end(),
                Err(error) => {
                    failure.log(&error);
                }
            }
            tokio::time::sleep(self.settings.every.min(Duration::from_secs(1))).await;
        }
    }

    /// Manages the certificates for as long as the process lives.
    pub async fn keep(mut self, tls: Arc<ArcSwap<ServerConfig>>, not_after: NotAfter, metrics: Arc<Metrics>) {
        let mut failure = LoggedOnce::default();
        loop {
            tokio::time::sleep(self.settings.every).await;
            match self.look().await {
                Ok(Some(new)) => {
                    tls.store(new.config);
                    not_after.store(Arc::new(new.not_after));
                    metrics.certificate(new.not_after);
                    metrics.reloaded("certificate", true);
                    tracing::info!("the certificate has changed: the new one is served");
                }
                Ok(None) => failure.end(),
                Err(error) => {
                    if failure.log(&error) {
                        metrics.reloaded("certificate", false);
                    }
                }
            }
        }
    }

    /// Takes the steps that are due, and returns what to serve if that has changed.
    async fn look(&mut self) -> Result<Option<Tls>, Error> {
        // Before anything is written: serving must not depend on the right to write.
        let before = self.load().await?;
        if before.is_some() || !self.lease.hold().await? {
            return Ok(before);
        }
        let mut steps = 0;
        while steps < MAX_STEPS && self.step().await? {
            steps += 1;
        }
        // Most of the time there is nothing to do, and so nothing new to serve.
        if steps > 0 { self.load().await } else { Ok(None) }
    }

    /// What to serve, if it has changed.
    async fn load(&mut self) -> Result<Option<Tls>, Error> {
        let stored = self.cluster.read(&self.server_secret()).await?;
        // If the Secret is damaged, deleted or out of date, the current certificate stays in use.
        let pair = stored.pair.and_then(Keyed::read);
        let now = (self.settings.clock)();
        let pair = pair.filter(|pair| pair.certificate.is_valid(now));
        let Some(pair) = pair.or_else(|| self.served.as_ref().map(|served| served.pair.clone())) else {
            return Ok(None);
        };
        let client_ca = self.settings.clients.read()?;
        let is_served = |served: &Served| {
            served.pair.pair.certificate == pair.pair.certificate && served.client_ca == client_ca
        };
        if self.served.as_ref().is_some_and(is_served) {
            return Ok(None);
        }
        let clients = self.settings.clients.verifier(&client_ca)?;
        let tls = tls::build(pair.pair.certificate.as_bytes(), pair.pair.key.as_bytes(), clients)?;
        self.served = Some(Served { pair, client_ca });
        Ok(Some(tls))
    }

    /// Takes the next step. Whether there was one.
    async fn step(&mut self) -> Result<bool, Error> {
        let authority = self.cluster.read(&self.authority_secret()).await?;
        let server = self.cluster.read(&self.server_secret()).await?;
        let configurations = self.cluster.configurations().await?;
        let observed = observe(&authority, &server, &configurations);
        let now = (self.settings.clock)();
        let trusted = self.is_trusted(&observed);
        match decide(&observed, &self.wanted, trusted, now) {
            Step::MakeAuthority => {
                self.is_new = observed.published.iter().all(Vec::is_empty) && observed.server.is_none();
                self.published = None;
                let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
                // A name of its own for each, so that nobody takes one for the other.
                let name = format!("{} authority {milliseconds}", self.settings.service);
                let new = issue::authority(&name, now, now + self.settings.authority_lifetime)?;
                tracing::info!("creating a new authority");
                self.cluster.write(&self.authority_secret(), &authority, &new, &new.certificate).await?;
            }
            Step::Publish(bundle) => {
                tracing::info!(authorities = bundle.len(), "publishing authorities in caBundle");
                for configuration in &configurations {
                    self.cluster.publish(configuration, &bundle).await?;
                }
            }
            Step::Sign => {
                let Some(by) = &observed.authority else { return Ok(false) };
                let not_after = (now + self.settings.lifetime).min(by.certificate.not_after());
                let new = issue::server(&by.pair, self.wanted.names.clone(), now, not_after)?;
                tracing::info!("signing a new certificate");
                self.cluster.write(&self.server_secret(), &server, &new, &by.pair.certificate).await?;
            }
            Step::AwaitTrust | Step::Rest => return Ok(false),
        }
        Ok(true)
    }

    /// Whether the authority has been published everywhere for the grace period, or nobody trusts anything yet.
    fn is_trusted(&mut self, observed: &Observed) -> bool {
        let Some(authority) = observed.authority.as_ref().map(|authority| &authority.certificate) else {
            return false;
        };
        if !observed.published.iter().all(|webhook| webhook.contains(authority)) {
            self.published = None;
            return false;
        }
        match &self.published {
            Some((known, since)) if known == authority => {
                self.is_new || since.elapsed() >= self.settings.grace
            }
            _ => {
                self.published = Some((authority.clone(), Instant::now()));
                self.is_new
            }
        }
    }

    fn authority_secret(&self) -> String {
        format!("{}-ca", self.settings.service)
    }

    fn server_secret(&self) -> String {
        format!("{}-tls", self.settings.service)
    }
}

fn observe(authority: &Stored, server: &Stored, configurations: &[Configuration]) -> Observed {
    let read = |pair: &Option<Pair>| pair.clone().and_then(Keyed::read);
    let webhooks = configurations.iter().flat_map(|configuration| &configuration.webhooks);
    Observed {
        authority: read(&authority.pair),
        server: read(&server.pair),
        issuer: server.issuer.clone(),
        published: webhooks.map(|(_, bundle)| bundle.clone()).collect(),
    }
}

/// An error that is logged once, until it changes or is over.
#[derive(Default)]
struct LoggedOnce(Option<String>);

impl LoggedOnce {
    /// Whether the error is a new one.
    fn log(&mut self, error: &Error) -> bool {
        let text = error.to_string();
        let is_new = self.0.as_ref() != Some(&text);
        if is_new {
            tracing::error!(error = %text, "cannot manage the certificates: the current one stays in use");
            self.0 = Some(text);
        }
        is_new
    }

    fn end(&mut self) {
        if self.0.take().is_some() {
            tracing::info!("the certificates are managed again");
        }
    }
}
