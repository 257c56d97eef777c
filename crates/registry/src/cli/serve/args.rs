//! The flags of `serve`, and what they mean.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use axum::http::uri::Authority;
use decide::registry::acl::Policy;
use decide::registry::token::Config;
use process::shell;
use process::value::positive_duration;
use zeroize::Zeroizing;

use crate::cli::common::Common;
use crate::in_force::Rules;
use crate::refresh::Refresh;
use crate::signing::AuthorityFiles;

/// How long a refresh token is valid, if its account does not end before and keeps the password.
const REFRESH_LIFE: Duration = Duration::from_hours(365 * 24);
/// The least life of a token: what clients take for granted if an answer does not say it.
const TOKEN_TTL_MIN: Duration = Duration::from_mins(1);

#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The address for clients; with port 0 the system chooses a free port, which is logged
    #[arg(long, env = "REGISTRY_LISTEN", default_value = "[::]:8443", value_parser = shell::address, value_name = "ADDRESS")]
    pub(super) listen: SocketAddr,
    /// The address of the registry, which is asked in plain HTTP
    #[arg(long, env = "REGISTRY_UPSTREAM", default_value = "127.0.0.1:5000", value_name = "ADDRESS")]
    pub(super) upstream: Authority,
    /// The certificate of the server in PEM, followed by those of the authorities between it and the root
    #[arg(long, env = "REGISTRY_TLS_CERT_FILE", value_name = "FILE", help_heading = "TLS")]
    pub(super) tls_cert_file: PathBuf,
    /// The key of the certificate in PEM
    #[arg(long, env = "REGISTRY_TLS_PRIVATE_KEY_FILE", value_name = "FILE", help_heading = "TLS")]
    pub(super) tls_private_key_file: PathBuf,
    #[command(flatten)]
    pub(super) tokens: Tokens,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Tokens")]
pub(super) struct Tokens {
    /// Who issues the tokens: the issuer that the registry expects
    #[arg(long, env = "REGISTRY_TOKEN_ISSUER", value_name = "NAME")]
    token_issuer: String,
    /// Whom the tokens are for: the service of the registry
    #[arg(long, env = "REGISTRY_TOKEN_SERVICE", value_name = "NAME")]
    token_service: String,
    /// The certificate of the authority that the registry trusts to sign tokens, in PEM
    #[arg(long, env = "REGISTRY_TOKEN_CA_CERT_FILE", value_name = "FILE")]
    token_ca_cert_file: PathBuf,
    /// The key of the authority in PEM
    #[arg(long, env = "REGISTRY_TOKEN_CA_KEY_FILE", value_name = "FILE")]
    token_ca_key_file: PathBuf,
    /// How long a token is valid that allows pulls alone; at least 60s, which some clients assume
    #[arg(long, env = "REGISTRY_TOKEN_PULL_TTL", default_value = "60s", value_parser = token_ttl, value_name = "TIME")]
    token_pull_ttl: Duration,
    /// How long a token is valid that allows pushes: a layer must be pushed within it
    #[arg(long, env = "REGISTRY_TOKEN_PUSH_TTL", default_value = "15m", value_parser = token_ttl, value_name = "TIME")]
    token_push_ttl: Duration,
    /// A file with at least 32 random bytes, the same for all replicas. Without it, clients get no refresh tokens
    #[arg(long, env = "REGISTRY_REFRESH_KEY_FILE", value_name = "FILE")]
    refresh_key_file: Option<PathBuf>,
    /// What accounts may do, if no file says it
    #[arg(long, env = "REGISTRY_POLICY", value_enum, default_value_t, value_name = "POLICY")]
    policy: PolicyName,
    /// A file with rules as `docker_auth` has them, instead of a policy
    #[arg(long, env = "REGISTRY_ACL_FILE", value_name = "FILE", conflicts_with = "policy")]
    acl_file: Option<PathBuf>,
    /// The namespace whose accounts may log in; by default the namespace of the Pod
    #[arg(long, env = "REGISTRY_NAMESPACE", value_name = "NAME")]
    pub(super) namespace: Option<String>,
}

/// A policy.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum PolicyName {
    /// Accounts for pushes push and pull everything, accounts for pulls and service accounts pull everything
    #[default]
    Shared,
    /// Accounts push to and pull from NAMESPACE/… alone, service accounts pull from it
    PerNamespace,
}

impl Tokens {
    pub(super) fn config(&self) -> Config {
        Config {
            issuer: self.token_issuer.clone(),
            service: self.token_service.clone(),
            pull: self.token_pull_ttl,
            push: self.token_push_ttl,
        }
    }

    pub(super) fn rules(&self) -> Rules {
        let policy = match self.policy {
            PolicyName::Shared => Policy::Shared,
            PolicyName::PerNamespace => Policy::PerNamespace,
        };
        self.acl_file.clone().map_or(Rules::Of(policy), Rules::In)
    }

    pub(super) fn authority(&self) -> AuthorityFiles {
        AuthorityFiles { certificate: self.token_ca_cert_file.clone(), key: self.token_ca_key_file.clone() }
    }

    /// With the key of a file. Without one there are no refresh tokens: a client would keep one in place of its password, and
    /// neither another replica nor the next process would know it.
    pub(super) fn refresh(&self) -> anyhow::Result<Option<Refresh>> {
        let Some(path) = &self.refresh_key_file else { return Ok(None) };
        let named = || format!("--refresh-key-file {}", path.display());
        let key = std::fs::read(path).map(Zeroizing::new).with_context(named)?;
        Refresh::new(&key, REFRESH_LIFE).with_context(named).map(Some)
    }
}

/// How long a token is valid: clients use one for 60 s without asking again.
fn token_ttl(text: &str) -> Result<Duration, String> {
    let ttl = positive_duration(text)?;
    if ttl < TOKEN_TTL_MIN {
        Err("must be at least 60s: clients use a token for that long".to_owned())
    } else {
        Ok(ttl)
    }
}
