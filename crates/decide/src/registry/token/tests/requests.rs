use policy::container_registries::HiddenText;
use rstest::rstest;

use crate::registry::scope::{Scope, ScopeError};
use crate::registry::token::basic::{BasicError, Login};
use crate::registry::token::form::FormError;
use crate::registry::token::{Credentials, Refusal, TokenRequest};

const SERVICE: &str = "registry.team.example.com";
/// `me:secret`.
const BASIC: &[u8] = b"Basic bWU6c2VjcmV0";

fn login() -> Login {
    Login { user: "me".to_owned(), password: HiddenText::new("secret") }
}

#[test]
fn docker_asks_so() {
    let query = "account=me&client_id=docker&offline_token=true&service=registry.team.example.com";
    let expected = TokenRequest {
        scopes: Vec::new(),
        account: Some("me".to_owned()),
        is_offline: true,
        credentials: Credentials::Password(login()),
    };
    assert_eq!(TokenRequest::get(SERVICE, query, Some(BASIC)), Ok(expected));
    let query =
        "scope=repository%3Aa%3Apull&scope=repository:b:push%2Cpull&service=registry.team.example.com";
    let request = TokenRequest::get(SERVICE, query, None).unwrap();
    let scopes = ["repository:a:pull", "repository:b:push,pull"].map(|scope| Scope::parse(scope).unwrap());
    assert_eq!((request.scopes, request.credentials), (scopes.to_vec(), Credentials::None));
}

#[test]
fn containerd_asks_so() {
    let body = "client_id=containerd-client&grant_type=password&password=secret&scope=repository%3Aa%3Apull+repository%3Ab%3Apull&service=registry.team.example.com&username=me";
    let request = TokenRequest::post(SERVICE, body.as_bytes()).unwrap();
    assert_eq!(request.scopes.len(), 2);
    assert_eq!((request.credentials, request.is_offline), (Credentials::Password(login()), false));
    let body =
        "grant_type=refresh_token&refresh_token=abc&service=registry.team.example.com&access_type=offline";
    let request = TokenRequest::post(SERVICE, body.as_bytes()).unwrap();
    assert_eq!(
        (request.credentials, request.is_offline),
        (Credentials::Refresh(HiddenText::new("abc")), true)
    );
}

#[rstest]
#[case::no_service("", Refusal::Service)]
#[case::unknown_service("service=other", Refusal::Service)]
#[case::service_twice("service=registry.team.example.com&service=other", Refusal::Form(FormError::Twice))]
#[case::scope("service=registry.team.example.com&scope=a:b", Refusal::Scope(ScopeError::Form))]
#[case::name("service=registry.team.example.com&scope=repository:A:pull", Refusal::Scope(ScopeError::Name))]
#[case::account("service=registry.team.example.com&account=you", Refusal::Account)]
#[case::escape("service=%", Refusal::Form(FormError::Escape))]
fn refuses_a_query(#[case] query: &str, #[case] refusal: Refusal) {
    assert_eq!(TokenRequest::get(SERVICE, query, Some(BASIC)), Err(refusal));
}

#[rstest]
#[case::no_grant_type("username=me&password=secret", Refusal::GrantType)]
#[case::another_grant_type("grant_type=authorization_code&code=1", Refusal::GrantType)]
#[case::no_password("grant_type=password&username=me", Refusal::GrantType)]
#[case::no_refresh_token("grant_type=refresh_token", Refusal::GrantType)]
#[case::nobody("grant_type=password&username=&password=secret", Refusal::Basic(BasicError::Form))]
#[case::two_passwords(
    "grant_type=password&username=me&password=a&password=b",
    Refusal::Form(FormError::Twice)
)]
#[case::account("grant_type=password&username=me&password=a&account=you", Refusal::Account)]
fn refuses_a_form(#[case] body: &str, #[case] refusal: Refusal) {
    let body = format!("{body}&service={SERVICE}");
    assert_eq!(TokenRequest::post(SERVICE, body.as_bytes()), Err(refusal));
}

#[test]
fn a_wrong_header_is_never_anonymous() {
    let query = format!("service={SERVICE}");
    for (header, error) in
        [("", BasicError::Scheme), ("Basic", BasicError::Scheme), ("Basic Og==", BasicError::Form)]
    {
        let refusal = TokenRequest::get(SERVICE, &query, Some(header.as_bytes())).unwrap_err();
        assert_eq!((refusal, refusal.status()), (Refusal::Basic(error), 401));
    }
}

#[test]
fn who_is_anonymous_is_no_account() {
    let query = format!("service={SERVICE}&account=me");
    assert_eq!(TokenRequest::get(SERVICE, &query, None), Err(Refusal::Account));
    assert!(TokenRequest::get(SERVICE, &format!("service={SERVICE}&account="), None).is_ok());
}
