use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Request, Response};
use futures::future::{join, join_all};
use http_body_util::BodyExt as _;
use kube::client::Body;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, advance, sleep};

use super::reviews::{ASKED, WAITING};
use super::trust::tests::{ISSUER, NOW, SigningKey, claims, header};
use super::*;

/// What the API server is asked, and what it answers to a `TokenReview`; `None`: an error.
#[derive(Default)]
struct ApiServer {
    asked: Mutex<Vec<String>>,
    keys: Mutex<Vec<Value>>,
    status: Mutex<Option<Value>>,
    /// Whether reviews wait until this is over.
    is_busy: watch::Sender<bool>,
}

impl ApiServer {
    fn client(self: &Arc<Self>) -> kube::Client {
        let server = Arc::clone(self);
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        kube::Client::new(service, "default")
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let keys = self.keys.lock().unwrap().clone();
        let (status, answer) = match path.as_str() {
            _ if keys.is_empty() => (503, json!({})),
            "/.well-known/openid-configuration" => (200, json!({"issuer": ISSUER})),
            "/openid/v1/jwks" => (200, json!({"keys": keys})),
            "/apis/authentication.k8s.io/v1/tokenreviews" => {
                let asked: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(asked["spec"]["audiences"], json!(["registry.test"]));
                self.is_busy.subscribe().wait_for(|is_busy| !is_busy).await.unwrap();
                match self.status.lock().unwrap().clone() {
                    Some(status) => (201, json!({"metadata": {}, "spec": {}, "status": status})),
                    None => (403, json!({"kind": "Status", "status": "Failure", "code": 403})),
                }
            }
            other => panic!("{other}"),
        };
        Response::builder().status(status).body(Body::from(answer.to_string().into_bytes())).unwrap()
    }

    fn asked(&self) -> Vec<&'static str> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let words = [("openid-configuration", "issuer"), ("jwks", "keys"), ("tokenreviews", "review")];
        asked.iter().map(|path| words.iter().find(|(end, _)| path.ends_with(end)).unwrap().1).collect()
    }
}

fn confirmed() -> Value {
    json!({
        "authenticated": true,
        "audiences": ["registry.test"],
        "user": {"username": "system:serviceaccount:team:web"},
    })
}

struct Cluster {
    server: Arc<ApiServer>,
    key: SigningKey,
    accounts: ServiceAccounts,
}

impl Cluster {
    fn new(status: Option<Value>) -> Self {
        let key = SigningKey::new();
        let server = Arc::new(ApiServer::default());
        *server.keys.lock().unwrap() = vec![key.published("a")];
        *server.status.lock().unwrap() = status;
        let accounts = ServiceAccounts::new(server.client(), || Timestamp::constant(NOW, 0));
        Self { server, key, accounts }
    }

    async fn log_in(&self, token: &str) -> Result<String, Refusal> {
        let verified = self.accounts.verify(&HiddenText::new(token), "registry.test").await?;
        assert_eq!(verified.labels.values("namespace"), ["team"]);
        Ok(verified.subject)
    }
}

#[tokio::test(start_paused = true)]
async fn the_api_server_is_asked_once_a_minute() {
    let cluster = Cluster::new(Some(confirmed()));
    let token = cluster.key.sign(&header(), &claims());
    let subject = Ok("system:serviceaccount:team:web".to_owned());
    assert_eq!(cluster.log_in(&token).await, subject);
    assert_eq!(cluster.server.asked(), ["issuer", "keys", "review"]);
    advance(Duration::from_secs(59)).await;
    assert_eq!(cluster.log_in(&token).await, subject);
    assert_eq!(cluster.server.asked(), [""; 0]);
    // The Pod has ended.
    *cluster.server.status.lock().unwrap() = Some(json!({"authenticated": false}));
    advance(Duration::from_secs(1)).await;
    for _ in 0..2 {
        assert_eq!(cluster.log_in(&token).await, Err(Refusal::Login));
    }
    assert_eq!(cluster.server.asked(), ["review"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_made_up_does_not_reach_the_api_server() {
    let cluster = Cluster::new(Some(confirmed()));
    let forged = SigningKey::new().sign(&header(), &claims());
    assert_eq!(cluster.log_in(&forged).await, Err(Refusal::Login));
    assert_eq!(cluster.server.asked(), ["issuer", "keys"]);
    for token in [forged.as_str(), "", "a.b.c", "e30.e30.", "password"] {
        assert_eq!(cluster.log_in(token).await, Err(Refusal::Login));
    }
    // A key that is not known is looked up, but not each time.
    let unknown = SigningKey::new().sign(&json!({"alg": "ES256", "kid": "b"}), &claims());
    for _ in 0..9 {
        assert_eq!(cluster.log_in(&unknown).await, Err(Refusal::Login));
    }
    assert_eq!(cluster.server.asked(), [""; 0]);
    advance(Duration::from_secs(5)).await;
    for _ in 0..9 {
        assert_eq!(cluster.log_in(&unknown).await, Err(Refusal::Login));
    }
    assert_eq!(cluster.server.asked(), ["issuer", "keys"]);
}

#[tokio::test(start_paused = true)]
async fn keys_are_replaced_while_tokens_are_verified() {
    let cluster = Cluster::new(Some(confirmed()));
    let token = cluster.key.sign(&header(), &claims());
    cluster.log_in(&token).await.unwrap();
    let new = SigningKey::new();
    *cluster.server.keys.lock().unwrap() = vec![new.published("b")];
    // The old key is known, until keys are read again.
    advance(Duration::from_secs(299)).await;
    cluster.log_in(&token).await.unwrap();
    cluster.log_in(&new.sign(&json!({"alg": "ES256", "kid": "b"}), &claims())).await.unwrap();
    assert_eq!(cluster.log_in(&token).await, Err(Refusal::Login));
    // Without an API server, the keys that are known stay.
    cluster.server.keys.lock().unwrap().clear();
    advance(Duration::from_secs(20)).await;
    cluster.log_in(&new.sign(&json!({"alg": "ES256", "kid": "b"}), &claims())).await.unwrap_err();
    assert_eq!(cluster.server.asked().last(), Some(&"review"));
}

#[rstest]
#[case::not_valid(json!({"authenticated": false, "error": "token has been invalidated"}))]
#[case::nothing(json!({}))]
#[case::without_audiences(json!({"authenticated": true, "user": {"username": "system:serviceaccount:team:web"}}))]
#[case::another_audience(json!({"authenticated": true, "audiences": ["other"], "user": {"username": "system:serviceaccount:team:web"}}))]
#[case::another_account(json!({"authenticated": true, "audiences": ["registry.test"], "user": {"username": "system:serviceaccount:team:other"}}))]
#[tokio::test(start_paused = true)]
async fn the_api_server_must_confirm_all_of_it(#[case] status: Value) {
    let cluster = Cluster::new(Some(status));
    let token = cluster.key.sign(&header(), &claims());
    assert_eq!(cluster.log_in(&token).await, Err(Refusal::Login));
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_nobody_logs_in_and_everybody_may_try_again() {
    let cluster = Cluster::new(None);
    let token = cluster.key.sign(&header(), &claims());
    for _ in 0..2 {
        assert_eq!(cluster.log_in(&token).await, Err(Refusal::Unverified));
    }
    assert_eq!(cluster.server.asked(), ["issuer", "keys", "review", "review"]);
    let silent = Cluster::new(Some(confirmed()));
    silent.server.keys.lock().unwrap().clear();
    assert_eq!(silent.log_in(&token).await, Err(Refusal::Unverified));
}

/// As many tokens as may be asked for and wait, and one more.
async fn too_many_logins(cluster: &Cluster) -> Vec<(Result<String, Refusal>, Duration)> {
    cluster.log_in(&cluster.key.sign(&header(), &claims())).await.unwrap();
    cluster.server.is_busy.send_replace(true);
    let started = Instant::now();
    let logins = (0..=ASKED + WAITING).map(|_| async move {
        let token = cluster.key.sign(&header(), &claims());
        (cluster.log_in(&token).await, started.elapsed())
    });
    join_all(logins).await
}

#[tokio::test(start_paused = true)]
async fn logins_wait_for_their_turn_at_the_api_server() {
    let cluster = Cluster::new(Some(confirmed()));
    let free = async {
        sleep(Duration::from_secs(4)).await;
        cluster.server.is_busy.send_replace(false);
    };
    let (answers, ()) = join(too_many_logins(&cluster), free).await;
    let refused: Vec<_> = answers.iter().filter(|(answer, _)| answer.is_err()).collect();
    assert_eq!(refused, [&(Err(Refusal::Busy), Duration::ZERO)]);
}

#[tokio::test(start_paused = true)]
async fn no_login_waits_longer_than_for_its_turn_and_an_answer() {
    let cluster = Cluster::new(Some(confirmed()));
    for (answer, after) in too_many_logins(&cluster).await {
        assert!(matches!(answer, Err(Refusal::Busy | Refusal::Unverified)), "{answer:?}");
        assert!(after <= Duration::from_secs(10), "{after:?}");
    }
}
