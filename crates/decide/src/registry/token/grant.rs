//! What a client gets: the claims of a token.

use std::net::IpAddr;
use std::time::Duration;

use api::names::registry::SERVICE_ACCOUNT_USER;
use jiff::Timestamp;
use serde::Serialize;

use super::refusal::Refusal;
use super::request::TokenRequest;
use crate::registry::acl::{ANONYMOUS, Acl, Request};
use crate::registry::labels::Labels;
use crate::registry::scope::{Action, ResourceType};

/// What tokens of a registry have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Who issues them; the registry expects the same.
    pub issuer: String,
    /// The registry that they are for.
    pub service: String,
    /// How long one is valid that allows nothing but pulls.
    pub pull: Duration,
    /// How long one is valid that allows more: a push of a large layer must end within it.
    pub push: Duration,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Identity<'a> {
    /// Somebody who has not logged in.
    Anonymous,
    /// Somebody whose login was right.
    Account {
        /// The account.
        name: &'a str,
        /// Its labels.
        labels: &'a Labels,
    },
    /// A service account, whose user is [`SERVICE_ACCOUNT_USER`].
    ServiceAccount {
        /// Its own name, which the log of the registry shows.
        subject: &'a str,
        /// Its labels.
        labels: &'a Labels,
    },
}

/// What a decision cannot know by itself.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Where the request comes from.
    pub address: IpAddr,
    /// The time.
    pub now: Timestamp,
    /// A number that no other token has.
    pub id: String,
}

/// What a client gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// What the token says.
    pub claims: Claims,
    /// How long it is valid.
    pub ttl: Duration,
    /// Whether it comes with a refresh token.
    pub has_refresh: bool,
}

/// What a token says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// Who issues it.
    pub iss: String,
    /// Who may use it.
    pub sub: String,
    /// The registry that it is for.
    pub aud: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it begins.
    pub nbf: i64,
    /// When it was issued.
    pub iat: i64,
    /// What no other token has.
    pub jti: String,
    /// What it allows, in the order of the request.
    pub access: Vec<Access>,
}

/// What is allowed of one scope.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Access {
    /// The type.
    #[serde(rename = "type", serialize_with = "type_name")]
    pub kind: ResourceType,
    /// The class, as the client wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The name.
    pub name: String,
    /// The actions; none, if nothing is allowed.
    #[serde(serialize_with = "action_names")]
    pub actions: Vec<Action>,
}

/// Decides what a request gets. To ask for more than is allowed is no error: the token says what is.
///
/// # Errors
/// Why there is no token.
pub fn grant(
    config: &Config,
    acl: &Acl,
    request: &TokenRequest,
    identity: Identity<'_>,
    moment: Moment,
) -> Result<Grant, Refusal> {
    let (account, subject, labels) = match identity {
        Identity::Anonymous => (ANONYMOUS, ANONYMOUS, acl.anonymous().ok_or(Refusal::Anonymous)?),
        Identity::Account { name, labels } => (name, name, labels),
        Identity::ServiceAccount { subject, labels } => (SERVICE_ACCOUNT_USER, subject, labels),
    };
    request.expects(account)?;
    let access: Vec<_> = request
        .scopes
        .iter()
        .map(|scope| {
            let question = Request {
                account,
                labels,
                address: Some(moment.address),
                service: &config.service,
                kind: scope.kind,
                name: &scope.name,
            };
            let actions = acl.allowed(&question, &scope.actions);
            Access { kind: scope.kind, class: scope.class.clone(), name: scope.name.clone(), actions }
        })
        .collect();
    let has_refresh = request.is_offline && matches!(identity, Identity::Account { .. });
    Ok(Grant { has_refresh, ..Grant::of(config, subject, access, moment) })
}

impl Grant {
    /// What somebody gets for an access that is decided already, without a refresh token.
    #[must_use]
    pub fn of(config: &Config, subject: &str, access: Vec<Access>, moment: Moment) -> Self {
        let ttl = if access.iter().all(Access::is_for_reading) { config.pull } else { config.push };
        let now = moment.now.as_second();
        let claims = Claims {
            iss: config.issuer.clone(),
            sub: subject.to_owned(),
            aud: config.service.clone(),
            exp: now.saturating_add(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)),
            nbf: now,
            iat: now,
            jti: moment.id,
            access,
        };
        Self { claims, ttl, has_refresh: false }
    }
}

impl Access {
    fn is_for_reading(&self) -> bool {
        self.actions.iter().all(|action| matches!(action, Action::Pull | Action::All))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn type_name<S: serde::Serializer>(kind: &ResourceType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn action_names<S: serde::Serializer>(actions: &[Action], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(actions.iter().map(|action| action.as_str()))
}
