use std::time::Duration;

use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;

use crate::registry::acl::Acl;
use crate::registry::labels::Labels;
use crate::registry::token::{Config, Grant, Identity, Moment, Refusal, TokenRequest, answer, grant};

const RULES: &str = "
users: {'': {}}
acl:
- {match: {account: '', name: hello-world}, actions: [pull]}
- {match: {account: me, name: me/**}, actions: [pull, push, delete]}
- {match: {account: me, name: shared/**}, actions: [pull]}
";
const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

fn config() -> Config {
    Config {
        issuer: "https://registry/auth/token".to_owned(),
        service: "s".to_owned(),
        pull: Duration::from_mins(1),
        push: Duration::from_mins(15),
    }
}

fn ask(query: &str, account: Option<&str>, rules: &str) -> Result<Grant, Refusal> {
    let labels = Labels::default();
    let identity = account.map_or(Identity::Anonymous, |name| Identity::Account { name, labels: &labels });
    let request = TokenRequest::get("s", &format!("service=s&{query}"), None).unwrap();
    let moment = Moment { address: [127, 0, 0, 1].into(), now: NOW, id: "7".to_owned() };
    grant(&config(), &Acl::read(rules).unwrap(), &request, identity, moment)
}

#[test]
fn a_service_account_is_its_user_for_rules_and_itself_in_the_token() {
    let labels = Labels::of_service_account("team", "web");
    let acl = Acl::read(
        "acl:\n- {match: {account: serviceaccount, name: '${labels:namespace}/*'}, actions: ['*']}\n",
    );
    let query = "service=s&account=serviceaccount&offline_token=true&scope=repository:team/a:pull";
    let request = TokenRequest::get("s", query, Some(b"Basic c2VydmljZWFjY291bnQ6eA==")).unwrap();
    let subject = "system:serviceaccount:team:web";
    let identity = Identity::ServiceAccount { subject, labels: &labels };
    let moment = Moment { address: [127, 0, 0, 1].into(), now: NOW, id: "7".to_owned() };
    let grant = grant(&config(), &acl.unwrap(), &request, identity, moment).unwrap();
    assert_eq!((grant.claims.sub.as_str(), grant.has_refresh), (subject, false));
    assert_eq!(
        json!(grant.claims.access),
        json!([{"type": "repository", "name": "team/a", "actions": ["pull"]}])
    );
}

#[test]
fn a_token_says_what_is_allowed_in_the_order_of_the_request() {
    let query = "scope=repository:other/a:push,pull+repository(plugin):me/a:push,pull&scope=repository:shared/a:pull,push";
    let grant = ask(query, Some("me"), RULES).unwrap();
    assert_eq!(
        serde_json::to_value(&grant.claims).unwrap(),
        json!({
            "iss": "https://registry/auth/token",
            "sub": "me",
            "aud": "s",
            "exp": 1_795_652_100,
            "nbf": 1_795_651_200,
            "iat": 1_795_651_200,
            "jti": "7",
            "access": [
                {"type": "repository", "name": "other/a", "actions": []},
                {"type": "repository", "class": "plugin", "name": "me/a", "actions": ["push", "pull"]},
                {"type": "repository", "name": "shared/a", "actions": ["pull"]},
            ],
        })
    );
}

#[rstest]
#[case::login("", 60)]
#[case::pull("scope=repository:me/a:pull", 60)]
#[case::push_that_is_not_allowed("scope=repository:shared/a:pull,push", 60)]
#[case::push("scope=repository:me/a:pull,push", 900)]
#[case::delete("scope=repository:me/a:delete", 900)]
#[case::mount("scope=repository:me/a:pull,push+repository:shared/a:pull", 900)]
fn the_life_of_a_token_follows_from_what_it_allows(#[case] query: &str, #[case] seconds: i64) {
    let grant = ask(query, Some("me"), RULES).unwrap();
    assert_eq!(grant.claims.exp - grant.claims.iat, seconds);
    assert_eq!(grant.ttl.as_secs(), seconds.cast_unsigned());
}

#[test]
fn anonymous_clients_get_what_is_written_for_them() {
    let grant = ask("scope=repository:hello-world:pull,push&offline_token=true", None, RULES).unwrap();
    assert_eq!(serde_json::to_value(&grant.claims.access).unwrap()[0]["actions"], json!(["pull"]));
    assert_eq!((grant.claims.sub.as_str(), grant.has_refresh), ("", false));
    let closed = RULES.replace("users: {'': {}}", "");
    assert_eq!(ask("scope=repository:hello-world:pull", None, &closed), Err(Refusal::Anonymous));
}

#[test]
fn the_account_of_a_refresh_token_is_the_one_that_the_client_expects() {
    let body = b"service=s&grant_type=refresh_token&refresh_token=x&account=you";
    let request = TokenRequest::post("s", body).unwrap();
    let (labels, acl) = (Labels::default(), Acl::read(RULES).unwrap());
    let moment = || Moment { address: [127, 0, 0, 1].into(), now: NOW, id: "7".to_owned() };
    let ask = |name| grant(&config(), &acl, &request, Identity::Account { name, labels: &labels }, moment());
    assert_eq!(ask("me"), Err(Refusal::Account));
    assert!(ask("you").is_ok());
}

#[test]
fn the_answer_has_both_names_of_a_token() {
    let mut grant = ask("", Some("me"), RULES).unwrap();
    let read = |grant: &Grant| -> serde_json::Value {
        serde_json::from_slice(&answer(grant, "a.b.c", Some("r"))).unwrap()
    };
    let expected = json!({
        "token": "a.b.c", "access_token": "a.b.c", "expires_in": 60, "issued_at": "2026-11-26T00:00:00Z",
    });
    assert_eq!(read(&grant), expected);
    grant = ask("offline_token=true", Some("me"), RULES).unwrap();
    assert_eq!(read(&grant)["refresh_token"], "r");
}
