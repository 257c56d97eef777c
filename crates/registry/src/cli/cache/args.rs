//! The flags of `cache`, and what they mean.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use api::names::cache::SOCKET;
use axum::http::uri::Authority;
use decide::registry::cache_access::Failover;
use process::shell;
use remote::registry::Proxies;

use crate::cli::common::Common;
use crate::signing::AuthorityFiles;

#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The address for clients; with port 0 the system chooses a free port, which is logged
    #[arg(long, env = "REGISTRY_LISTEN", default_value = "[::]:5000", value_parser = shell::address, value_name = "ADDRESS")]
    pub(super) listen: SocketAddr,
    /// The address of the registry, which is asked in plain HTTP
    #[arg(long, env = "REGISTRY_UPSTREAM", default_value = "127.0.0.1:5002", value_name = "ADDRESS")]
    pub(super) upstream: Authority,
    /// The certificate of the server in PEM, followed by those of the authorities between it and the root. Without it,
    /// clients come in plain HTTP
    #[arg(
        long,
        env = "REGISTRY_TLS_CERT_FILE",
        requires = "tls_private_key_file",
        value_name = "FILE",
        help_heading = "TLS"
    )]
    tls_cert_file: Option<PathBuf>,
    /// The key of the certificate in PEM
    #[arg(
        long,
        env = "REGISTRY_TLS_PRIVATE_KEY_FILE",
        requires = "tls_cert_file",
        value_name = "FILE",
        help_heading = "TLS"
    )]
    tls_private_key_file: Option<PathBuf>,
    /// The Secret with the username and the password for the upstream. Nothing is served before it is read
    #[arg(long, env = "REGISTRY_CREDENTIALS_SECRET", value_name = "NAME", help_heading = "Credentials")]
    pub(super) credentials_secret: Option<String>,
    /// The namespace of the Secret; by default the namespace of the Pod
    #[arg(long, env = "REGISTRY_NAMESPACE", value_name = "NAME", help_heading = "Credentials")]
    pub(super) namespace: Option<String>,
    /// The socket at which the registry gets the credentials
    #[arg(long, env = "REGISTRY_CREDENTIALS_SOCKET", default_value = SOCKET, value_name = "FILE", help_heading = "Credentials")]
    pub(super) credentials_socket: PathBuf,
    #[command(flatten)]
    pub(super) remote: Remote,
    /// Answers 503 for a tag while the upstream cannot be asked which image it names
    #[arg(long, env = "REGISTRY_DENY_STALE_TAGS", help_heading = "Upstream")]
    pub(super) deny_stale_tags: bool,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Upstream")]
pub(super) struct Remote {
    /// Where the cache gets images
    #[arg(long = "remote-url", env = "REGISTRY_REMOTE_URL", value_name = "URL")]
    pub(super) url: String,
    /// The authorities of the certificate of the upstream in PEM, besides those of the system
    #[arg(long = "remote-ca-file", env = "REGISTRY_REMOTE_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The proxy on the way to an upstream without TLS
    #[arg(long, env = "REGISTRY_HTTP_PROXY", value_name = "URL")]
    http_proxy: Option<String>,
    /// The proxy on the way to an upstream with TLS
    #[arg(long, env = "REGISTRY_HTTPS_PROXY", value_name = "URL")]
    https_proxy: Option<String>,
    /// The hosts that are asked without a proxy, separated by commas
    #[arg(long, env = "REGISTRY_NO_PROXY", value_name = "HOSTS")]
    no_proxy: Option<String>,
}

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Access")]
struct Access {
    /// Lets clients pull what their own logins may pull from the upstream. Needs TLS and all --token-… flags
    #[arg(
        long,
        env = "REGISTRY_AUTHORIZE",
        requires_all = ["tls_cert_file", "token_issuer", "token_service", "token_ca_cert_file", "token_ca_key_file"]
    )]
    authorize: bool,
    /// Who issues the tokens: the issuer that the registry expects
    #[arg(long, env = "REGISTRY_TOKEN_ISSUER", value_name = "NAME")]
    token_issuer: Option<String>,
    /// Whom the tokens are for: the service of the registry
    #[arg(long, env = "REGISTRY_TOKEN_SERVICE", value_name = "NAME")]
    token_service: Option<String>,
    /// The certificate of the authority that the registry trusts to sign tokens, in PEM
    #[arg(long, env = "REGISTRY_TOKEN_CA_CERT_FILE", value_name = "FILE")]
    token_ca_cert_file: Option<PathBuf>,
    /// The key of the authority in PEM
    #[arg(long, env = "REGISTRY_TOKEN_CA_KEY_FILE", value_name = "FILE")]
    token_ca_key_file: Option<PathBuf>,
    /// Which pulls are allowed while the upstream does not say who may pull
    #[arg(long, env = "REGISTRY_FAILOVER", value_enum, default_value_t, value_name = "FAILOVER")]
    failover: FailoverName,
}

/// Which pulls are allowed while the upstream does not say who may pull.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum FailoverName {
    /// None
    #[default]
    Deny,
    /// Those of repositories that the login could pull before, in the last 24 hours
    SameRepository,
    /// Those of images that the login has pulled from this cache before, in the last 24 hours
    SameImage,
}

/// What the token server needs.
pub(super) struct Tokens {
    pub(super) issuer: String,
    pub(super) service: String,
    pub(super) authority: AuthorityFiles,
    pub(super) failover: Failover,
}

impl Args {
    /// Certificate and key.
    pub(super) fn tls(&self) -> Option<(PathBuf, PathBuf)> {
        self.tls_cert_file.clone().zip(self.tls_private_key_file.clone())
    }

    /// What the token server needs, if there is one.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let flags = self.access.clone();
        let (certificate, key) = flags.token_ca_cert_file.zip(flags.token_ca_key_file)?;
        let (issuer, service) = flags.token_issuer.zip(flags.token_service)?;
        let authority = AuthorityFiles { certificate, key };
        flags.authorize.then_some(Tokens { issuer, service, authority, failover: flags.failover.into() })
    }

    /// Whether pulled images are remembered for the time without an upstream.
    pub(super) fn remembers_images(&self) -> bool {
        self.tokens().is_some_and(|tokens| tokens.failover == Failover::SameImage)
    }
}

impl Remote {
    /// The authorities of the upstream, besides those of the system.
    pub(super) fn authorities(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.ca_file else { return Ok(None) };
        let text = std::fs::read_to_string(path);
        text.with_context(|| format!("--remote-ca-file {}", path.display())).map(Some)
    }

    pub(super) fn proxies(&self) -> Proxies {
        let [http, https, none] = [&self.http_proxy, &self.https_proxy, &self.no_proxy]
            .map(|flag| flag.clone().filter(|text| !text.is_empty()));
        Proxies { http, https, none }
    }
}

impl From<FailoverName> for Failover {
    fn from(name: FailoverName) -> Self {
        match name {
            FailoverName::Deny => Self::Deny,
            FailoverName::SameRepository => Self::SameRepository,
            FailoverName::SameImage => Self::SameImage,
        }
    }
}
