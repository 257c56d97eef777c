//! The source of the server's certificate: files, or Secrets that the webhook manages itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use process::https::reload::{self, NotAfter};
use process::https::tls::{Clients, Tls, TlsContent, TlsFiles};
use rustls::ServerConfig;

use crate::admission::routes::SERVICE;
use crate::certificates::self_managed::{Manager, Settings};
use crate::metrics::Metrics;
use process::value::{duration, positive_duration};

/// How long to wait for the API server.
const API_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
#[group(id = "certificates", multiple = true)]
pub(super) struct Args {
    /// The certificate of the server in PEM, followed by those of the authorities between it and the root
    #[arg(
        long,
        env = "WEBHOOK_TLS_CERT_FILE",
        value_name = "FILE",
        requires = "tls_private_key_file",
        conflicts_with = "self_managed_certs"
    )]
    tls_cert_file: Option<PathBuf>,
    /// The key of the certificate in PEM
    #[arg(
        long,
        env = "WEBHOOK_TLS_PRIVATE_KEY_FILE",
        value_name = "FILE",
        requires = "tls_cert_file",
        conflicts_with = "self_managed_certs"
    )]
    tls_private_key_file: Option<PathBuf>,
    /// Issues the certificate and renews it, keeps both in Secrets, and writes caBundle into the webhook configurations
    #[arg(long, env = "WEBHOOK_SELF_MANAGED_CERTS", help_heading = SELF_MANAGED)]
    self_managed_certs: bool,
    /// The namespace of the Service, the Secrets and the Lease; by default the namespace of the Pod
    #[arg(long, env = "WEBHOOK_NAMESPACE", value_name = "NAME", requires = "self_managed_certs", help_heading = SELF_MANAGED)]
    namespace: Option<String>,
    /// The name of the Service and of the webhook configurations. The names of the Secrets and the Lease start with it
    #[arg(long, env = "WEBHOOK_SERVICE_NAME", value_name = "NAME", default_value = SERVICE.name, help_heading = SELF_MANAGED)]
    service_name: String,
    /// A further name or address that the certificate is valid for; may be repeated
    #[arg(long, env = "WEBHOOK_CERTIFICATE_NAME", value_name = "NAME", value_delimiter = ',', requires = "self_managed_certs", help_heading = SELF_MANAGED)]
    certificate_name: Vec<String>,
    /// How long a certificate is valid; the webhook replaces it after two thirds of that time
    #[arg(long, env = "WEBHOOK_CERTIFICATE_LIFETIME", value_name = "TIME", default_value = "2160h", value_parser = positive_duration, help_heading = SELF_MANAGED)]
    certificate_lifetime: Duration,
    /// How long an authority is valid; the webhook replaces it after two thirds of that time
    #[arg(long, env = "WEBHOOK_AUTHORITY_LIFETIME", value_name = "TIME", default_value = "26280h", value_parser = positive_duration, help_heading = SELF_MANAGED)]
    authority_lifetime: Duration,
    /// How long a new authority is in caBundle before it signs, so that every API server knows it by then
    #[arg(long, env = "WEBHOOK_TRUST_GRACE_PERIOD", value_name = "TIME", default_value = "30s", value_parser = duration, help_heading = SELF_MANAGED)]
    trust_grace_period: Duration,
}

const SELF_MANAGED: &str = "Self-managed certificates";

/// The source of the certificate.
pub(super) enum Source {
    Files { files: TlsFiles, content: TlsContent, tls: Tls },
    SelfManaged(Box<Manager>),
}

impl Args {
    /// Reports what is wrong with files and flags, before anything is served.
    pub(super) async fn source(&self, clients: Clients, every: Duration) -> anyhow::Result<Source> {
        if let (Some(certificate), Some(key)) = (&self.tls_cert_file, &self.tls_private_key_file) {
            let files = TlsFiles { certificate: certificate.clone(), key: key.clone(), clients };
            let content = files.read()?;
            let tls = files.build(&content)?;
            if tls.not_after < SystemTime::now() {
                tracing::error!("--tls-cert-file {}: the certificate has expired", certificate.display());
            }
            return Ok(Source::Files { files, content, tls });
        }
        anyhow::ensure!(
            self.self_managed_certs,
            "a certificate is missing: give --tls-cert-file and --tls-private-key-file, or --self-managed-certs, with which the webhook issues its own"
        );
        anyhow::ensure!(
            self.authority_lifetime >= self.certificate_lifetime * 2,
            "--authority-lifetime must be at least twice --certificate-lifetime"
        );
        clients.verifier(&clients.read()?)?;
        let mut config = process::kubernetes::config().await.context("--self-managed-certs")?;
        config.connect_timeout = Some(API_TIMEOUT);
        config.read_timeout = Some(API_TIMEOUT);
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = kube::Client::try_from(config).context("--self-managed-certs")?;
        let settings = Settings {
            namespace,
            service: self.service_name.clone(),
            further_names: self.certificate_name.clone(),
            identity: identity(),
            lifetime: self.certificate_lifetime,
            authority_lifetime: self.authority_lifetime,
            grace: self.trust_grace_period,
            every,
            clients,
            clock: SystemTime::now,
        };
        Ok(Source::SelfManaged(Box::new(Manager::new(&client, settings))))
    }
}

impl Source {
    /// Returns the configuration as soon as there is one, and keeps it fresh from then on.
    pub(super) async fn keep(
        self,
        not_after: NotAfter,
        metrics: &Arc<Metrics>,
        every: Duration,
    ) -> Arc<ArcSwap<ServerConfig>> {
        let start = |tls: Tls| {
            not_after.store(Arc::new(tls.not_after));
            metrics.certificate(tls.not_after);
            Arc::new(ArcSwap::new(tls.config))
        };
        let metrics = Arc::clone(metrics);
        match self {
            Self::Files { files, content, tls } => {
                let tls = start(tls);
                tokio::spawn(reload::certificate(
                    files,
                    content,
                    Arc::clone(&tls),
                    not_after,
                    every,
                    move |new| metrics.new_certificate(new),
                ));
                tls
            }
            Self::SelfManaged(mut manager) => {
                let tls = start(manager.first().await);
                tokio::spawn(manager.keep(Arc::clone(&tls), not_after, metrics));
                tls
            }
        }
    }
}

/// The host, which is the Pod, and a number that is unique for each process on it.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| SERVICE.name.to_owned());
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{host}-{}-{}", std::process::id(), started.as_nanos())
}
