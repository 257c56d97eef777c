//! What a client asks, by GET as `docker login` does, or by POST as `OAuth2` has it.

use policy::container_registries::HiddenText;

use super::basic::Login;
use super::form::Form;
use super::refusal::Refusal;
use crate::registry::scope::{self, Scope};

/// A question for a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenRequest {
    /// What is asked for; nothing, to find out whether a login is right.
    pub scopes: Vec<Scope>,
    /// The account that the client expects to be.
    pub account: Option<String>,
    /// Whether it wants a refresh token.
    pub is_offline: bool,
    /// What it logs in with.
    pub credentials: Credentials,
}

/// What a client logs in with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Credentials {
    /// Nothing.
    None,
    /// A password.
    Password(Login),
    /// What it got before in exchange for a password.
    Refresh(HiddenText),
}

impl TokenRequest {
    /// Reads a GET: the query, the value of the Authorization header if there is one.
    ///
    /// # Errors
    /// Why there is no token. What is found here costs no verification of a password.
    pub fn get(service: &str, query: &str, authorization: Option<&[u8]>) -> Result<Self, Refusal> {
        let form = Form::parse(query.as_bytes())?;
        let credentials = match authorization {
            None => Credentials::None,
            Some(header) => Credentials::Password(Login::parse(header)?),
        };
        let is_offline = form.one("offline_token")? == Some("true");
        Self::of(&form, service, credentials, is_offline)
    }

    /// Reads the body of a POST.
    ///
    /// # Errors
    /// Why there is no token. What is found here costs no verification of a password.
    pub fn post(service: &str, body: &[u8]) -> Result<Self, Refusal> {
        let form = Form::parse(body)?;
        let required = |name| form.one(name)?.ok_or(Refusal::GrantType);
        let credentials = match form.one("grant_type")? {
            Some("password") => {
                Credentials::Password(Login::new(required("username")?, required("password")?)?)
            }
            Some("refresh_token") => Credentials::Refresh(HiddenText::new(required("refresh_token")?)),
            _ => return Err(Refusal::GrantType),
        };
        let is_offline = form.one("access_type")? == Some("offline");
        Self::of(&form, service, credentials, is_offline)
    }

    fn of(form: &Form, service: &str, credentials: Credentials, is_offline: bool) -> Result<Self, Refusal> {
        if form.one("service")? != Some(service) {
            return Err(Refusal::Service);
        }
        let scopes = scope::parse_all(form.all("scope"))?;
        let account = form.one("account")?.filter(|account| !account.is_empty()).map(str::to_owned);
        let request = Self { scopes, account, is_offline, credentials };
        match &request.credentials {
            Credentials::None => request.expects("")?,
            Credentials::Password(login) => request.expects(&login.user)?,
            // Whom it is for, its verification says.
            Credentials::Refresh(_) => {}
        }
        Ok(request)
    }

    /// Whether a client that names an account is that one.
    pub(super) fn expects(&self, user: &str) -> Result<(), Refusal> {
        let is_other = self.account.as_ref().is_some_and(|account| account != user);
        if is_other { Err(Refusal::Account) } else { Ok(()) }
    }
}
