//! Why a client gets no token, in the form that registries have for errors. No text holds what a client sent.

use std::time::Duration;

use serde_json::json;

use super::basic::BasicError;
use super::form::FormError;
use crate::registry::scope::ScopeError;

/// Why there is no token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The request is no token request.
    #[error("{0}")]
    Form(#[from] FormError),
    /// A scope is wrong.
    #[error("{0}")]
    Scope(#[from] ScopeError),
    /// The token is for a registry that is not here.
    #[error("service must be the name that the registry gives in its challenge")]
    Service,
    /// Another account than the one that logs in.
    #[error("account must be the user that logs in")]
    Account,
    /// What a POST asks with.
    #[error("grant_type must be password or refresh_token, with username and password or with refresh_token")]
    GrantType,
    /// A login that is no login.
    #[error("{0}")]
    Basic(#[from] BasicError),
    /// Nobody has logged in, and nothing is for everybody.
    #[error("log in first: this registry has nothing for anonymous clients")]
    Anonymous,
    /// Account, password or refresh token are not right. One text for all: it does not say which accounts exist.
    #[error("the account or its password is wrong, or it has expired")]
    Login,
    /// The upstream of a cache does not let this login pull this repository.
    #[error("the upstream does not let this login pull this repository, or has no such repository")]
    NotPermitted,
    /// The upstream of a cache lets nobody pull this repository without a login.
    #[error(
        "log in first: the upstream does not let anonymous clients pull this repository, or has no such repository"
    )]
    LogInForUpstream,
    /// The upstream of a cache is not asked about logins of this user, so that it locks no account.
    #[error("too many wrong logins of this user: the upstream is asked again in a minute")]
    TooManyWrong,
    /// The upstream of a cache answers too many requests.
    #[error("the upstream answers too many requests: try again later")]
    RateLimited,
    /// The upstream of a cache does not answer.
    #[error("the upstream cannot be asked now who may pull: try again later")]
    UpstreamAway,
    /// Too many logins are waiting.
    #[error("too many logins: try again later")]
    Busy,
    /// The API server does not say whether the token of a service account is valid.
    #[error("tokens of service accounts cannot be verified now: try again later")]
    Unverified,
    /// Not all accounts are known at the moment, so nobody can tell whether a login is right.
    #[error("the registry does not know all accounts now: try again later")]
    AccountsUnknown,
    /// The key that signs is not there, or not valid.
    #[error("the registry cannot sign tokens now: try again later")]
    Unavailable,
}

/// When a client that was sent away may come back.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// When the upstream of a cache is asked again about a user with too many wrong logins.
const RETRY_AFTER_WRONG: Duration = Duration::from_mins(1);

/// An error in the form that registries have.
#[must_use]
pub fn error_body(code: &str, message: &str) -> String {
    json!({"errors": [{"code": code, "message": message}]}).to_string()
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Form(_) | Self::Scope(_) | Self::Service | Self::Account | Self::GrantType => 400,
            Self::Basic(_) | Self::Anonymous | Self::Login | Self::NotPermitted | Self::LogInForUpstream => {
                401
            }
            Self::Busy | Self::TooManyWrong | Self::RateLimited => 429,
            Self::Unverified | Self::AccountsUnknown | Self::UpstreamAway | Self::Unavailable => 503,
        }
    }

    /// The code of the error, of those that registries have.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Scope(ScopeError::Name) => "NAME_INVALID",
            Self::Form(_) | Self::Scope(_) | Self::Service | Self::Account | Self::GrantType => "UNSUPPORTED",
            Self::Basic(_) | Self::Anonymous | Self::Login | Self::NotPermitted | Self::LogInForUpstream => {
                "UNAUTHORIZED"
            }
            Self::Busy | Self::TooManyWrong | Self::RateLimited => "TOOMANYREQUESTS",
            Self::Unverified | Self::AccountsUnknown | Self::UpstreamAway | Self::Unavailable => {
                "UNAVAILABLE"
            }
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(self) -> String {
        error_body(self.code(), &self.to_string())
    }

    /// The header `WWW-Authenticate`, if logging in helps.
    #[must_use]
    pub fn challenge(self, service: &str) -> Option<String> {
        // Quotes and control characters would end the header or the text in it.
        let is_plain = |character: &char| !matches!(character, '"' | '\\') && !character.is_control();
        let realm: String = service.chars().filter(is_plain).collect();
        (self.status() == 401).then(|| format!("Basic realm=\"{realm}\""))
    }

    /// The header `Retry-After`, if waiting helps.
    #[must_use]
    pub fn retry_after(self) -> Option<Duration> {
        match self.status() {
            429 | 503 => Some(if self == Self::TooManyWrong { RETRY_AFTER_WRONG } else { RETRY_AFTER }),
            _ => None,
        }
    }
}
