use std::num::NonZeroUsize;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use policy::image_registry_accounts::bcrypt::parse;
use prometheus_client::metrics::gauge::Gauge;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);
const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const RULES: &str = "
acl:
- {match: {account: admin}, actions: ['*']}
- {match: {labels: {origin: cr}, name: shared/**}, actions: [pull]}
";

fn hash(password: &str) -> Bcrypt {
    parse(&bcrypt::hash(password, 4).unwrap()).unwrap()
}

fn account(name: &str, passwords: &[&str]) -> (String, Account) {
    let hashes = passwords.iter().map(|password| hash(password)).collect();
    let labels = Labels::of_account(name, [].into()).unwrap();
    (name.to_owned(), Account { labels, hashes, ..Account::default() })
}

fn state(rules: &str, until: i32) -> State {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let config = Config {
        issuer: "i".to_owned(),
        service: "s".to_owned(),
        pull: Duration::from_mins(1),
        push: Duration::from_mins(15),
    };
    let long_ago = Timestamp::constant(1_600_000_000, 0);
    let signer = Signer::new(&key.serialize_pem(), &certificate, long_ago).unwrap();
    State { config, acl: Arc::new(Acl::read(rules).unwrap()), signer: Arc::new(signer) }
}

fn server(accounts: &[(&str, &[&str])]) -> Server {
    let store = Accounts::awaited();
    store.replace(accounts.iter().map(|(name, passwords)| account(name, passwords)));
    server_of(store)
}

fn server_of(store: Accounts) -> Server {
    let passwords = Passwords::new(NonZeroUsize::MIN, Gauge::default()).unwrap();
    let refresh = Refresh::new(&[7; 32], Duration::from_hours(1)).unwrap();
    Server::new(state(RULES, 2030), Arc::new(store), passwords, Some(refresh), || NOW)
}

async fn get(server: &Server, query: &str, login: Option<&str>) -> Result<Value, Refusal> {
    let header = login.map(|login| format!("Basic {}", STANDARD.encode(login)));
    let query = format!("service=s&{query}");
    let body = server.get(&query, header.as_deref().map(str::as_bytes), &Client::at(ADDRESS)).await?;
    Ok(serde_json::from_slice(&body).unwrap())
}

async fn refreshed(server: &Server, token: &Value) -> Result<Value, Refusal> {
    let token = token.as_str().unwrap();
    let body =
        format!("service=s&grant_type=refresh_token&refresh_token={token}&scope=repository:shared/a:pull");
    let body = server.post(body.as_bytes(), &Client::at(ADDRESS)).await?;
    Ok(serde_json::from_slice(&body).unwrap())
}

/// What the token in an answer says.
fn claims(answer: &Value) -> Value {
    let token = answer["token"].as_str().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn who_logs_in_gets_a_token_of_its_own() {
    let server = server(&[("me", &["old", "new"])]);
    for login in ["me:old", "me:new"] {
        let answer = get(&server, "scope=repository:shared/a:pull,push", Some(login)).await.unwrap();
        let claims = claims(&answer);
        assert_eq!(claims["sub"], "me");
        let access = json!([{"type": "repository", "name": "shared/a", "actions": ["pull"]}]);
        assert_eq!(claims["access"], access);
        assert_eq!(answer.get("refresh_token"), None);
    }
    let ids = [(); 2].map(|()| get(&server, "", Some("me:new")));
    let [one, other] = ids.map(|id| async { claims(&id.await.unwrap())["jti"].clone() });
    assert_ne!(one.await, other.await);
}

#[tokio::test]
async fn whoever_is_not_known_is_refused() {
    let server = server(&[("me", &["right"])]);
    for (login, refusal) in
        [(Some("me:wrong"), Refusal::Login), (Some("you:right"), Refusal::Login), (None, Refusal::Anonymous)]
    {
        assert_eq!(get(&server, "", login).await, Err(refusal));
    }
}

/// A registry that restarts tells no client that its right password is wrong.
#[tokio::test]
async fn nobody_is_refused_before_all_accounts_are_known() {
    let server = server_of(Accounts::awaited());
    assert_eq!(get(&server, "", Some("me:right")).await, Err(Refusal::AccountsUnknown));
    assert_eq!(get(&server, "", None).await, Err(Refusal::Anonymous));
    let other = self::server(&[("me", &["right"])]);
    let token = get(&other, "offline_token=true", Some("me:right")).await.unwrap()["refresh_token"].clone();
    assert_eq!(refreshed(&server, &token).await, Err(Refusal::AccountsUnknown));
    server.accounts.replace([account("me", &["right"])]);
    assert!(get(&server, "", Some("me:right")).await.is_ok());
    assert_eq!(get(&server, "", Some("me:wrong")).await, Err(Refusal::Login));
    // An account that was created while the watch is interrupted is not known; the others log in.
    server.accounts.interrupted();
    assert_eq!(get(&server, "", Some("new:right")).await, Err(Refusal::AccountsUnknown));
    assert!(get(&server, "", Some("me:right")).await.is_ok());
    assert_eq!(get(&server, "", Some("me:wrong")).await, Err(Refusal::Login));
}

#[tokio::test]
async fn an_account_that_is_deleted_or_has_another_password_is_refused_at_once() {
    let server = server(&[("me", &["right"]), ("you", &["right"])]);
    for login in ["me:right", "you:right"] {
        assert!(get(&server, "", Some(login)).await.is_ok());
    }
    server.accounts.remove("me");
    let (name, changed) = account("you", &["new"]);
    server.accounts.put(name, changed);
    for login in ["me:right", "you:right"] {
        assert_eq!(get(&server, "", Some(login)).await, Err(Refusal::Login));
    }
    assert!(get(&server, "", Some("you:new")).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_ends_with_the_password_that_it_was_given_for() {
    let server = server(&[("me", &["old", "new"])]);
    let answer = get(&server, "offline_token=true", Some("me:old")).await.unwrap();
    let token = &answer["refresh_token"];
    assert_eq!(claims(&refreshed(&server, token).await.unwrap())["sub"], "me");
    let (name, changed) = account("me", &["new"]);
    server.accounts.put(name, changed);
    assert_eq!(refreshed(&server, token).await, Err(Refusal::Login));
    assert_eq!(refreshed(&server, &json!("AAAA")).await, Err(Refusal::Login));
}

#[tokio::test]
async fn nobody_becomes_a_written_user_by_creating_an_account() {
    let server = server(&[("admin", &["mine"])]);
    let rules = format!("users: {{admin: {{password: {}}}}}\n{RULES}", hash("right").as_str());
    server.replace(state(&rules, 2030));
    assert_eq!(get(&server, "", Some("admin:mine")).await, Err(Refusal::Login));
    let answer = get(&server, "scope=repository:app:push", Some("admin:right")).await.unwrap();
    assert_eq!(claims(&answer)["access"][0]["actions"], json!(["push"]));
}

#[tokio::test]
async fn no_token_is_signed_with_a_certificate_that_has_ended() {
    let server = server(&[("me", &["right"])]);
    server.replace(state(RULES, 2026));
    assert_eq!(get(&server, "", Some("me:right")).await, Err(Refusal::Unavailable));
}
