//! Upstreams that limit requests or lock accounts. They are fakes: a registry cannot be made to do so at a certain moment.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::cluster::Cache;
use crate::harness::cluster::NOTHING;
use crate::harness::registry::{USER, serve};

/// An upstream with a password.
#[derive(Default)]
struct Upstream(Mutex<State>);

#[derive(Default)]
struct State {
    password: &'static str,
    /// `Retry-After` of all answers.
    limit: Option<String>,
    /// When requests were limited.
    limited: Vec<Instant>,
    /// When a login was wrong.
    wrong: Vec<Instant>,
}

impl Upstream {
    /// Starts one. Returns its address, too.
    async fn start(password: &'static str) -> (Arc<Self>, String) {
        let upstream = Arc::new(Self(Mutex::new(State { password, ..State::default() })));
        let answering = Arc::clone(&upstream);
        let router = Router::new().fallback(async move |headers: HeaderMap| answering.answer(&headers));
        (upstream, serve(router).await)
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let mut state = self.0.lock().unwrap();
        if let Some(pause) = state.limit.clone() {
            state.limited.push(Instant::now());
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, pause)]).into_response();
        }
        let unauthorized = || {
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"fake\"")]).into_response()
        };
        let right = format!("Basic {}", STANDARD.encode(format!("{USER}:{}", state.password)));
        match headers.get(header::AUTHORIZATION) {
            None => unauthorized(),
            Some(login) if login.as_bytes() == right.as_bytes() => StatusCode::OK.into_response(),
            Some(_) => {
                state.wrong.push(Instant::now());
                unauthorized()
            }
        }
    }

    fn limit(&self, pause: Option<&str>) {
        self.0.lock().unwrap().limit = pause.map(str::to_owned);
    }

    fn limited(&self) -> Vec<Instant> {
        self.0.lock().unwrap().limited.clone()
    }

    fn wrong(&self) -> Vec<Instant> {
        self.0.lock().unwrap().wrong.clone()
    }
}

/// What a cache says of a Secret that was not tried, and of the one in use.
fn limited(secret: &str, in_use: &str) -> String {
    format!(
        "False RateLimited The upstream limits requests, so the credentials of Secret kyma-system/{secret} are not proven yet: it is asked again later; those of Secret {in_use} stay in use"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_limits_requests_is_left_alone_and_the_cache_goes_on() {
    let (upstream, address) = Upstream::start("right").await;
    let cache = Cache::named("limited");
    cache.add_volumes(1);
    for (secret, password) in [("limited-v1", "right"), ("limited-v2", "second"), ("limited-v3", "third")] {
        cache.add_credentials(secret, password);
    }
    cache.apply(&address, &json!({"secretReferenceName": "limited-v1"}));
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    let before = cache.generation();

    // Ten years; an hour is the most.
    upstream.limit(Some("Fri, 01 Jan 2038 00:00:00 GMT"));
    cache.patch(&json!({"secretReferenceName": "limited-v2"}));
    cache.awaits("CredentialsValid", &limited("limited-v2", "limited-v1"));
    let serving = "False RateLimited The upstream limits requests; what is cached is served";
    cache.awaits("Serving", serving);
    assert_eq!(upstream.limited().len(), 1);
    cache.wait("an Event tells", || !cache.events("RateLimited").is_empty());
    // It would answer now. It is not asked before it has said so: not about other credentials, and not for another cache.
    upstream.limit(None);
    cache.patch(&json!({"secretReferenceName": "limited-v3"}));
    cache.awaits("CredentialsValid", &limited("limited-v3", "limited-v1"));
    let other = Cache::named("limited-too");
    other.apply(&address, &json!({"secretReferenceName": "limited-v1"}));
    let unproven = "False RateLimited The upstream limits requests, so the credentials of Secret kyma-system/limited-v1 are not proven yet: it is asked again later; the cache starts when the upstream has accepted some";
    other.awaits("CredentialsValid", unproven);
    other.awaits("Ready", unproven);

    assert_eq!((upstream.limited().len(), upstream.wrong().len()), (1, 0));
    assert_eq!(cache.password_in_use(), "right");
    assert_eq!(cache.status()["provenCredentials"]["secretName"], "limited-v1");
    assert!(cache.condition("Ready").starts_with("True"));
    assert_eq!((cache.condition("Serving").as_str(), cache.generation()), (serving, before));
    for name in ["limited", "limited-too"] {
        cache.kubectl(&format!("delete registrycache {name}"), NOTHING).unwrap();
    }
}

/// Ten seconds is the least pause.
#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_limits_requests_is_asked_again_without_a_change() {
    let (upstream, address) = Upstream::start("right").await;
    upstream.limit(Some("0"));
    let cache = Cache::named("again");
    cache.add_credentials("again-v1", "right");
    cache.apply(&address, &json!({"secretReferenceName": "again-v1"}));
    cache.awaits("CredentialsValid", "False RateLimited ");
    cache.wait("it is asked again", || upstream.limited().len() > 1);
    upstream.limit(None);
    cache.awaits("CredentialsValid", "True CredentialsProven ");
    let limited = upstream.limited();
    let pauses = limited.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(pauses.clone().all(|pause| pause >= Duration::from_secs(10)), "{:?}", pauses.collect::<Vec<_>>());
}

/// Whatever is done to caches and Secrets, no upstream sees more than three wrong logins in a minute.
#[tokio::test(flavor = "multi_thread")]
async fn no_account_gets_locked_by_other_secrets_other_caches_or_new_ones() {
    let (upstream, address) = Upstream::start("right").await;
    let cache = Cache::named("lock");
    for number in 1..=5 {
        cache.add_credentials(&format!("lock-v{number}"), &format!("wrong-{number}"));
    }
    // The reason depends on how long this test takes on a busy machine: refused, or not tried yet.
    let awaits = |cache: &Cache<'_>, secret: &str| {
        let said = format!("Secret kyma-system/{secret} ");
        cache.wait("the Secret is judged", || cache.condition("CredentialsValid").contains(&said));
    };
    cache.apply(&address, &json!({"secretReferenceName": "lock-v1"}));
    awaits(&cache, "lock-v1");
    for secret in ["lock-v2", "lock-v3", "lock-v4"] {
        cache.patch(&json!({"secretReferenceName": secret}));
        awaits(&cache, secret);
    }
    for secret in ["lock-v1", "lock-v5"] {
        cache.kubectl("delete registrycache lock", NOTHING).unwrap();
        cache.apply(&address, &json!({"secretReferenceName": secret}));
        awaits(&cache, secret);
    }
    let other = Cache::named("lock-too");
    other.apply(&address, &json!({"secretReferenceName": "lock-v2"}));
    awaits(&other, "lock-v2");
    let wrong = upstream.wrong();
    assert!(wrong.len() >= 3, "{wrong:?}");
    for minute in wrong.windows(4) {
        assert!(minute[3] - minute[0] >= Duration::from_mins(1), "{wrong:?}");
    }
    for name in ["lock", "lock-too"] {
        cache.kubectl(&format!("delete registrycache {name}"), NOTHING).unwrap();
    }
}
