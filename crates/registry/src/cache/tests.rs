//! Tokens and what they are good for, together.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use decide::registry::cache_access::Failover;
use decide::registry::token::Config;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::authorize::Authorizer;
use super::fake::{self, Fake, later};
use super::guard::Guard;
use super::reach::Reach;
use crate::endpoint::Endpoint;
use crate::metrics::Metrics;
use crate::router;
use crate::sign::Signer;

const ME: Option<&str> = Some("me:right");
const DIGEST: &str = "sha256:0000";

fn signer() -> Signer {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    Signer::new(&key.serialize_pem(), &certificate, Timestamp::constant(1_600_000_000, 0)).unwrap()
}

/// A cache in front of a registry that serves every manifest.
struct Cache {
    upstream: Arc<Fake>,
    router: Router,
}

impl Cache {
    async fn start(failover: Failover) -> Self {
        let (upstream, prover) = fake::start().await;
        let reach = Arc::new(Reach::new(fake::upstream().await.1));
        let (metrics, of_cache) = Metrics::of_cache();
        let minute = Duration::from_mins(1);
        let config = Config { issuer: "i".to_owned(), service: "s".to_owned(), pull: minute, push: minute };
        let server = Authorizer::new(config, Arc::new(signer()), prover, failover, of_cache.clone());
        let tokens = Endpoint { server: Arc::new(server), metrics: Arc::new(metrics) };
        let registry = Router::new().fallback(async || [("docker-content-digest", DIGEST)]);
        let guard = Guard::new(reach, of_cache).with_known_images(failover == Failover::SameImage);
        Self { upstream, router: router::tokens(Arc::new(tokens)).merge(guard.before(registry)) }
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn token(&self, login: Option<&str>, scope: &str) -> Result<String, (u16, String)> {
        let mut request = Request::get(format!("/auth/token?service=s&scope={scope}"));
        if let Some(login) = login {
            request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(login)));
        }
        let (status, body) = self.ask(request.body(Body::empty()).unwrap()).await;
        match body["access_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => Err((status.as_u16(), body["errors"][0]["message"].as_str().unwrap().to_owned())),
        }
    }

    async fn get(&self, token: &str, path: &str) -> StatusCode {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.ask(request.body(Body::empty()).unwrap()).await.0
    }

    /// The upstream answers this from now on, and what it has said is no longer sure.
    async fn away(&self, status: u16) {
        self.upstream.status.store(status, Ordering::SeqCst);
        later(Duration::from_mins(5)).await;
    }
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_is_for_pulls_of_what_the_login_may_pull() {
    let cache = Cache::start(Failover::Deny).await;
    let token = cache.token(ME, "repository:mine/a:pull,push%20repository:other:pull%20registry:catalog:*");
    let claims = claims(&token.await.unwrap());
    let access = json!([
        {"type": "repository", "name": "mine/a", "actions": ["pull"]},
        {"type": "repository", "name": "other", "actions": []},
        {"type": "registry", "name": "catalog", "actions": []},
    ]);
    assert_eq!((&claims["access"], &claims["sub"]), (&access, &json!("me")));
    let body = "service=s&grant_type=password&username=me&password=right&scope=repository:mine/a:pull";
    let (status, answer) = cache.ask(Request::post("/auth/token").body(Body::from(body)).unwrap()).await;
    assert_eq!((status, answer["expires_in"].as_u64()), (StatusCode::OK, Some(60)));
    assert_eq!(
        self::claims(answer["access_token"].as_str().unwrap())["access"][0]["actions"],
        json!(["pull"])
    );
}

#[rstest]
#[case::wrong(Some("me:wrong"), 401, "the account or its password is wrong, or it has expired")]
#[case::no_right(
    ME,
    401,
    "the upstream does not let this login pull this repository, or has no such repository"
)]
#[case::nobody(
    None,
    401,
    "log in first: the upstream does not let anonymous clients pull this repository, or has no such repository"
)]
#[tokio::test]
async fn without_the_right_there_is_no_token(
    #[case] login: Option<&str>,
    #[case] status: u16,
    #[case] message: &str,
) {
    let cache = Cache::start(Failover::SameRepository).await;
    let refused = cache.token(login, "repository:other:pull").await.unwrap_err();
    assert_eq!(refused, (status, message.to_owned()));
}

#[tokio::test]
async fn while_the_upstream_is_away_nobody_gets_a_token_if_it_is_denied() {
    let cache = Cache::start(Failover::Deny).await;
    cache.token(ME, "repository:mine/a:pull").await.unwrap();
    let unavailable = "the upstream cannot be asked now who may pull: try again later";
    cache.away(503).await;
    assert_eq!(cache.token(ME, "repository:mine/a:pull").await, Err((503, unavailable.to_owned())));
    cache.away(429).await;
    let busy = "the upstream answers too many requests: try again later";
    assert_eq!(cache.token(ME, "repository:mine/a:pull").await, Err((429, busy.to_owned())));
}

#[tokio::test]
async fn a_known_login_pulls_from_its_repositories_while_the_upstream_is_away() {
    let cache = Cache::start(Failover::SameRepository).await;
    cache.token(ME, "repository:mine/a:pull").await.unwrap();
    cache.away(503).await;
    let token = cache.token(ME, "repository:mine/a:pull").await.unwrap();
    assert_eq!(claims(&token)["access"][0]["actions"], json!(["pull"]));
    assert_eq!(cache.get(&token, "/v2/mine/a/manifests/new").await, StatusCode::OK);
    for (login, repository) in [(ME, "mine/b"), (Some("me:other"), "mine/a"), (None, "mine/a")] {
        let refused = cache.token(login, &format!("repository:{repository}:pull")).await;
        assert_eq!(refused.unwrap_err().0, 503);
    }
    later(Duration::from_hours(24)).await;
    assert_eq!(cache.token(ME, "repository:mine/a:pull").await.unwrap_err().0, 503);
}

#[tokio::test]
async fn a_known_login_pulls_its_images_again_while_the_upstream_is_away() {
    let cache = Cache::start(Failover::SameImage).await;
    let token = cache.token(ME, "repository:mine/a:pull").await.unwrap();
    assert_eq!(cache.get(&token, "/v2/mine/a/manifests/known").await, StatusCode::OK);
    cache.away(503).await;
    let token = cache.token(ME, "repository:mine/a:pull").await.unwrap();
    for (path, is_served) in [
        ("/v2/", true),
        ("/v2/mine/a/manifests/known", true),
        ("/v2/mine/a/manifests/sha256:0000", true),
        ("/v2/mine/a/blobs/sha256:1111", true),
        ("/v2/mine/a/manifests/new", false),
        ("/v2/mine/a/%6danifests/new", false),
        ("/v2/mine/b/manifests/known", false),
        ("/v2/mine/a//manifests/known", false),
        ("/v2/mine/a/tags/list", false),
        ("/v2/mine/a/referrers/sha256:0000", false),
    ] {
        let expected = if is_served { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(cache.get(&token, path).await, expected, "{path}");
    }
    // A token that the gateway cannot read, and the registry perhaps can.
    assert_eq!(cache.get("a.b.c", "/v2/mine/a/manifests/known").await, StatusCode::UNAUTHORIZED);
    // The upstream is back.
    cache.away(0).await;
    let token = cache.token(ME, "repository:mine/a:pull").await.unwrap();
    assert_eq!(cache.get(&token, "/v2/mine/a/manifests/new").await, StatusCode::OK);
}
