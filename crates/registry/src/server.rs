//! Answers requests for tokens: reads them, finds out who asks, decides, and signs.
//!
//! What is sent over the network is not here: a request is a query or a body, an answer a body or a [`Refusal`].

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use api::names::registry::SERVICE_ACCOUNT_USER;
use api::names::registry::account_label;
use arc_swap::ArcSwap;
use decide::registry::acl::{Acl, User};
use decide::registry::labels::Labels;
use decide::registry::token::basic::Login;
use decide::registry::token::{Config, Credentials, Identity, Refusal, TokenRequest, answer, grant};
use jiff::Timestamp;
use policy::container_registries::HiddenText;
use policy::image_registry_accounts::bcrypt::Bcrypt;

use crate::accounts::{Account, Accounts};
use crate::passwords::{Passwords, Question, Verdict};
use crate::refresh::Refresh;
use crate::service_accounts::ServiceAccounts;
use crate::sign::{Signer, moment};
use crate::token_server::{Body, Client, TokenServer};

/// What a registry is configured with, replaced as a whole.
#[derive(Clone)]
pub struct State {
    /// What its tokens have in common.
    pub config: Config,
    /// Its rules.
    pub acl: Arc<Acl>,
    /// The key that signs.
    pub signer: Arc<Signer>,
}

/// The token server of a registry.
pub struct Server {
    state: ArcSwap<State>,
    accounts: Arc<Accounts>,
    passwords: Passwords,
    refresh: Option<Refresh>,
    service_accounts: Option<ServiceAccounts>,
    clock: fn() -> Timestamp,
}

/// Somebody whose login may be right.
enum Known<'a> {
    /// A user that is written beside the rules.
    Written(&'a User),
    /// An account.
    Account(Arc<Account>),
}

impl Server {
    /// A server with the accounts of a watch.
    #[must_use]
    pub fn new(
        state: State,
        accounts: Arc<Accounts>,
        passwords: Passwords,
        refresh: Option<Refresh>,
        clock: fn() -> Timestamp,
    ) -> Self {
        let state = ArcSwap::from_pointee(state);
        Self { state, accounts, passwords, refresh, service_accounts: None, clock }
    }

    /// With the service accounts of a cluster, which log in as the user `serviceaccount`.
    #[must_use]
    pub fn with_service_accounts(self, service_accounts: ServiceAccounts) -> Self {
        Self { service_accounts: Some(service_accounts), ..self }
    }

    /// Replaces the configuration. Requests that are being answered go on with the old one.
    pub fn replace(&self, state: State) {
        self.state.store(Arc::new(state));
    }

    async fn answer(&self, state: &State, request: &TokenRequest, client: &Client) -> Result<Body, Refusal> {
        let address = client.address;
        let (name, hash) = match &request.credentials {
            Credentials::None => return self.token(state, request, Identity::Anonymous, address, None),
            Credentials::Password(login) if login.user == SERVICE_ACCOUNT_USER => {
                return self.service_account(state, request, &login.password, address).await;
            }
            Credentials::Password(login) => (login.user.clone(), self.verify(state, login, client).await?),
            Credentials::Refresh(token) => {
                let (name, hash) = self.remember(state, token)?;
                client.named(&name);
                (name, hash)
            }
        };
        // A verification takes time, in which an account can end.
        let known = self.known(state, &name).filter(|known| known.hashes().contains(&hash));
        let known = known.ok_or(Refusal::Login)?;
        let identity = Identity::Account { name: &name, labels: known.labels() };
        self.token(state, request, identity, address, Some(&hash))
    }

    /// The token of a service account is verified each time: its Pod can end, and there is nothing to guess.
    async fn service_account(
        &self,
        state: &State,
        request: &TokenRequest,
        token: &HiddenText,
        address: IpAddr,
    ) -> Result<Body, Refusal> {
        let service_accounts = self.service_accounts.as_ref().ok_or(Refusal::Login)?;
        let verified = service_accounts.verify(token, &state.config.service).await?;
        let identity = Identity::ServiceAccount { subject: &verified.subject, labels: &verified.labels };
        self.token(state, request, identity, address, None)
    }

    /// The hash that a password is right for. A wrong login takes a while, in which the watch may show an account that was just
    /// created: a Secret with its password can be faster.
    async fn verify(&self, state: &State, login: &Login, client: &Client) -> Result<Bcrypt, Refusal> {
        let known = self.known(state, &login.user);
        if known.is_some() {
            client.named(&login.user);
        } else if !self.accounts.are_known() {
            return Err(Refusal::AccountsUnknown);
        }
        match self.judge(login, known.as_ref(), client.address).await {
            Err(Refusal::Login) if known.is_none() => {
                let known = self.known(state, &login.user).ok_or(Refusal::Login)?;
                client.named(&login.user);
                self.judge(login, Some(&known), client.address).await
            }
            judged => judged,
        }
    }

    async fn judge(
        &self,
        login: &Login,
        known: Option<&Known<'_>>,
        address: IpAddr,
    ) -> Result<Bcrypt, Refusal> {
        let hashes = known.map(Known::hashes);
        let tenant = known.and_then(Known::namespace).unwrap_or(&login.user);
        let question = Question { user: &login.user, tenant, hashes, password: &login.password, address };
        match self.passwords.verify(question).await {
            Verdict::Right(place) => {
                hashes.and_then(|hashes| hashes.get(place)).cloned().ok_or(Refusal::Login)
            }
            Verdict::Wrong => Err(Refusal::Login),
            Verdict::Busy => Err(Refusal::Busy),
        }
    }

    /// The account of a refresh token, and the hash that it was issued for.
    fn remember(&self, state: &State, token: &HiddenText) -> Result<(String, Bcrypt), Refusal> {
        let refresh = self.refresh.as_ref().ok_or(Refusal::Login)?;
        let remembered = refresh.read(token, (self.clock)()).ok_or(Refusal::Login)?;
        if !self.accounts.are_known() {
            return Err(Refusal::AccountsUnknown);
        }
        let known = self.known(state, &remembered.account);
        let hash = known.as_ref().and_then(|known| remembered.hash_of(known.hashes()).cloned());
        Ok((remembered.account, hash.ok_or(Refusal::Login)?))
    }

    /// Users that are written come first: nobody is one of them by creating an account of that name.
    fn known<'a>(&self, state: &'a State, name: &str) -> Option<Known<'a>> {
        if let Some(user) = state.acl.user(name) {
            return Some(Known::Written(user));
        }
        self.accounts.get(name, (self.clock)()).map(Known::Account)
    }

    fn token(
        &self,
        state: &State,
        request: &TokenRequest,
        identity: Identity<'_>,
        address: IpAddr,
        hash: Option<&Bcrypt>,
    ) -> Result<Body, Refusal> {
        let now = (self.clock)();
        let moment = moment(&state.signer, address, now)?;
        let grant = grant(&state.config, &state.acl, request, identity, moment)?;
        let token = state.signer.sign(&grant.claims).map_err(|_| Refusal::Unavailable)?;
        let refresh = self.refresh.as_ref().zip(hash).filter(|_| grant.has_refresh);
        let refresh_token = refresh.map(|(refresh, hash)| refresh.issue(&grant.claims.sub, hash, now));
        Ok(answer(&grant, token.reveal(), refresh_token.as_ref().map(HiddenText::reveal)))
    }
}

impl TokenServer for Server {
    fn service(&self) -> String {
        self.state.load().config.service.clone()
    }

    async fn get(&self, query: &str, authorization: Option<&[u8]>, client: &Client) -> Result<Body, Refusal> {
        let state = self.state.load_full();
        let request = TokenRequest::get(&state.config.service, query, authorization)?;
        self.answer(&state, &request, client).await
    }

    async fn post(&self, body: &[u8], client: &Client) -> Result<Body, Refusal> {
        let state = self.state.load_full();
        let request = TokenRequest::post(&state.config.service, body)?;
        self.answer(&state, &request, client).await
    }
}

impl Known<'_> {
    fn hashes(&self) -> &[Bcrypt] {
        match self {
            Self::Written(user) => user.hash.as_slice(),
            Self::Account(account) => &account.hashes,
        }
    }

    /// The namespace of the push or pull secret that an account is for.
    fn namespace(&self) -> Option<&str> {
        self.labels().values(account_label::NAMESPACE).first().map(String::as_str)
    }

    fn labels(&self) -> &Labels {
        match self {
            Self::Written(user) => &user.labels,
            Self::Account(account) => &account.labels,
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("State").field("config", &self.config).finish_non_exhaustive()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("accounts", &self.accounts.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
