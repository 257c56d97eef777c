//! The token server of a pull-through cache: a login gets a token for what it may pull from the upstream, and for nothing
//! else. There are no accounts here, and nothing of a login is stored.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use decide::registry::cache_access::{Failover, Finding, Permission, access, permission, repositories};
use decide::registry::token::basic::Login;
use decide::registry::token::{Config, Credentials, Grant, Refusal, TokenRequest, answer};
use futures::future::join_all;
use jiff::Timestamp;

use super::holder::Holder;
use super::metrics::CacheMetrics;
use super::prove::{Proof, Prover, Question};
use crate::sign::{Signer, moment};
use crate::token_server::{Body, Client, TokenServer};

/// The token server.
pub struct Authorizer {
    config: Config,
    signer: ArcSwap<Signer>,
    prover: Prover,
    failover: Failover,
    metrics: CacheMetrics,
}

impl Authorizer {
    /// A server whose tokens a key signs.
    #[must_use]
    pub fn new(
        config: Config,
        signer: Arc<Signer>,
        prover: Prover,
        failover: Failover,
        metrics: CacheMetrics,
    ) -> Self {
        Self { config, signer: ArcSwap::new(signer), prover, failover, metrics }
    }

    /// Signs with another key from now on.
    pub fn replace(&self, signer: Arc<Signer>) {
        self.signer.store(signer);
    }

    async fn answer(&self, request: &TokenRequest, client: &Client) -> Result<Body, Refusal> {
        let login = match &request.credentials {
            Credentials::None => None,
            Credentials::Password(login) => Some(login),
            // None was ever given.
            Credentials::Refresh(_) => return Err(Refusal::Login),
        };
        let repositories: Vec<_> = repositories(&request.scopes).into_iter().collect();
        let address = client.address;
        let proofs =
            repositories.iter().map(|repository| self.prover.prove(Question { login, repository, address }));
        let proofs = join_all(proofs).await;
        let permission = |name: &str| {
            let proof = repositories.iter().zip(&proofs).find(|(repository, _)| **repository == name);
            proof.map_or(Permission::Nothing, |(_, proof)| self.permission(*proof, login))
        };
        let (access, is_limited) = access(&request.scopes, permission)?;
        let is_known = access.iter().any(|access| !access.actions.is_empty());
        // A name that the upstream does not know could be a password in the wrong place.
        if let Some(login) = login.filter(|_| is_known) {
            client.named(&login.user);
        }
        let signer = self.signer.load();
        let mut moment = moment(&signer, address, Timestamp::now())?;
        if self.failover == Failover::SameImage {
            moment.id = Holder { login: self.prover.name(login), is_limited }.name(&moment.id);
        }
        let subject = login.filter(|_| is_known).map_or("", |login| login.user.as_str());
        let grant = Grant::of(&self.config, subject, access, moment);
        let token = signer.sign(&grant.claims).map_err(|_| Refusal::Unavailable)?;
        Ok(answer(&grant, token.reveal(), None))
    }

    fn permission(&self, proof: Proof, login: Option<&Login>) -> Permission {
        let Proof { finding, had_right } = proof;
        let permission = permission(finding, login.is_none(), had_right, self.failover);
        let is_allowed = matches!(permission, Permission::Everything | Permission::KnownImages);
        if is_allowed && finding != Finding::Right {
            self.metrics.failed_over();
        }
        permission
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authorizer").field("config", &self.config).finish_non_exhaustive()
    }
}

impl TokenServer for Authorizer {
    fn service(&self) -> String {
        self.config.service.clone()
    }

    async fn get(&self, query: &str, authorization: Option<&[u8]>, client: &Client) -> Result<Body, Refusal> {
        let request = TokenRequest::get(&self.config.service, query, authorization)?;
        self.answer(&request, client).await
    }

    async fn post(&self, body: &[u8], client: &Client) -> Result<Body, Refusal> {
        let request = TokenRequest::post(&self.config.service, body)?;
        self.answer(&request, client).await
    }
}
