use rstest::rstest;
use serde_json::{Value, json};

use crate::registry::scope::ScopeError;
use crate::registry::token::Refusal;
use crate::registry::token::basic::BasicError;
use crate::registry::token::form::FormError;

#[rstest]
#[case::service(
    Refusal::Service,
    400,
    "UNSUPPORTED",
    "service must be the name that the registry gives in its challenge"
)]
#[case::account(Refusal::Account, 400, "UNSUPPORTED", "account must be the user that logs in")]
#[case::grant_type(
    Refusal::GrantType,
    400,
    "UNSUPPORTED",
    "grant_type must be password or refresh_token, with username and password or with refresh_token"
)]
#[case::form(
    Refusal::Form(FormError::Length),
    400,
    "UNSUPPORTED",
    "a request may have at most 48 KiB and 64 parameters"
)]
#[case::scope(Refusal::Scope(ScopeError::Count), 400, "UNSUPPORTED", "there may be at most 32 scopes")]
#[case::name(
    Refusal::Scope(ScopeError::Name),
    400,
    "NAME_INVALID",
    "the name of a repository must be lower-case letters and digits, with '.', '_' or '-' between them and '/' between its parts, and at most 255 bytes"
)]
#[case::header(
    Refusal::Basic(BasicError::Scheme),
    401,
    "UNAUTHORIZED",
    "the Authorization header must be Basic"
)]
#[case::anonymous(
    Refusal::Anonymous,
    401,
    "UNAUTHORIZED",
    "log in first: this registry has nothing for anonymous clients"
)]
#[case::login(Refusal::Login, 401, "UNAUTHORIZED", "the account or its password is wrong, or it has expired")]
#[case::busy(Refusal::Busy, 429, "TOOMANYREQUESTS", "too many logins: try again later")]
#[case::unverified(
    Refusal::Unverified,
    503,
    "UNAVAILABLE",
    "tokens of service accounts cannot be verified now: try again later"
)]
#[case::accounts_unknown(
    Refusal::AccountsUnknown,
    503,
    "UNAVAILABLE",
    "the registry does not know all accounts now: try again later"
)]
#[case::unavailable(
    Refusal::Unavailable,
    503,
    "UNAVAILABLE",
    "the registry cannot sign tokens now: try again later"
)]
fn a_refusal_has_the_form_of_registries(
    #[case] refusal: Refusal,
    #[case] status: u16,
    #[case] code: &str,
    #[case] message: &str,
) {
    assert_eq!(refusal.status(), status);
    let body: Value = serde_json::from_str(&refusal.body()).unwrap();
    assert_eq!(body, json!({"errors": [{"code": code, "message": message}]}));
    assert_eq!(refusal.challenge("s").is_some(), status == 401);
    assert_eq!(refusal.retry_after().is_some(), status > 401);
}

#[test]
fn a_challenge_is_one_header() {
    assert_eq!(
        Refusal::Login.challenge("registry.example.com").unwrap(),
        "Basic realm=\"registry.example.com\""
    );
    assert_eq!(Refusal::Login.challenge("a\"\r\nb\\").unwrap(), "Basic realm=\"ab\"");
}
