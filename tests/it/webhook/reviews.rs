//! Reviews over HTTPS: the answers, the HTTP errors, and what no fault can lose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use policy::{Config, Decision, Rule, Violation, Warning};
use process::https::Phase;
use rstest::rstest;
use serde_json::{Value, json};
use serverless_webhook::admission::app;
use serverless_webhook::admission::routes::{ENDPOINTS, Endpoint};
use serverless_webhook::admission::wire::Request;

use crate::harness::connection::{head, post};
use crate::harness::reviews::{ALLOWED, GATE, PATH, REVIEW, large_review};
use crate::harness::server::{Limits, Server};
use crate::harness::wait::{PATIENCE, eventually};

#[rstest]
#[case::not_json("{", 400, "the body is not an AdmissionReview: it does not decode at line 1, column 1\n")]
#[case::empty("", 400, "the body is not an AdmissionReview: it does not decode at line 1, column 0\n")]
#[case::other_kind(
    r#"{"apiVersion":"v1","kind":"Pod"}"#,
    400,
    "the body is not an AdmissionReview of admission.k8s.io/v1 or v1beta1: check its apiVersion and kind\n"
)]
#[case::no_request(
    r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#,
    400,
    "the AdmissionReview has no request\n"
)]
#[case::no_uid(
    r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}"#,
    400,
    "the request of the AdmissionReview has no uid\n"
)]
#[case::long_uid(
    &REVIEW.replace("u-1", &"u".repeat(257)),
    400,
    "the uid of the request of the AdmissionReview is longer than 256 bytes\n"
)]
#[tokio::test]
async fn what_is_no_review_is_an_http_error(#[case] body: &str, #[case] status: u16, #[case] text: &str) {
    let server = Server::start(Limits::default()).await;
    let answer = server.connect().await.review(PATH, body).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (status, text));
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_an_http_error() {
    let server = Server::start(Limits::default()).await;
    let mut connection = server.connect().await;
    let body = b"{\"kind\":\"\xff\"}";
    connection.send([head(PATH, body.len()).as_bytes(), body].concat()).await.unwrap();
    let answer = connection.answer().await.unwrap();
    let text = "the body is not an AdmissionReview: it is not UTF-8\n";
    assert_eq!((answer.status, answer.body.as_str()), (400, text));
}

#[tokio::test]
async fn wrong_paths_methods_and_media_types_are_http_errors() {
    let server = Server::start(Limits::default()).await;
    let mut connection = server.connect().await;
    let answer = connection.review("/nowhere", REVIEW).await.unwrap();
    let text = "no such path: reviews are answered at /defaulting/functions, /validation/functions, /validation/gitrepositories, /mutation/registry-secrets, /mutation/container-registries, /defaulting/imageregistries, /validation/imageregistries, /validation/imageregistryaccounts, /validation/imagepushsecrets, /validation/imagepullsecrets, /validation/imagebuildenvs, /defaulting/registrycaches, /validation/registrycaches, /validation/upstream-credentials, /validation/shoots\n";
    assert_eq!((answer.status, answer.body.as_str()), (404, text));
    connection.send(format!("GET {PATH} HTTP/1.1\r\nHost: h\r\n\r\n")).await.unwrap();
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (405, "reviews are sent with POST\n"));
    connection.send(post(PATH, REVIEW).replace("application/json", "text/plain")).await.unwrap();
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (415, "reviews are sent as application/json\n"));
}

#[tokio::test]
async fn answers_in_the_version_that_asked() {
    let server = Server::start(Limits::default()).await;
    let body = REVIEW.replace("io/v1\"", "io/v1beta1\"");
    let answer = server.connect().await.review(PATH, &body).await.unwrap();
    assert_eq!(answer.body, ALLOWED.replace("io/v1\"", "io/v1beta1\""));
    assert!(answer.head.contains("content-type: application/json\r\n"), "{}", answer.head);
}

#[tokio::test]
async fn a_resource_of_another_endpoint_is_refused_in_the_review() {
    let server = Server::start(Limits::default()).await;
    let answer = server.connect().await.review("/validation/gitrepositories", REVIEW).await.unwrap();
    let response: Value = serde_json::from_str(&answer.body).unwrap();
    let message = "/validation/gitrepositories answers for gitrepositories.v1alpha1.serverless.kyma-project.io, not for functions.v1alpha1.serverless.kyma-project.io: the webhook configuration names the wrong path";
    let status = json!({"status": "Failure", "message": message, "reason": "BadRequest", "code": 400});
    assert_eq!(
        (answer.status, &response["response"]),
        (200, &json!({"uid": "u-1", "allowed": false, "status": status}))
    );
}

fn panics(_: &Config, _: &Request<'_>) -> Result<Decision, Violation> {
    panic!("for the test");
}

#[allow(clippy::unnecessary_wraps, reason = "the shape of an endpoint")]
fn decides_much(_: &Config, _: &Request<'_>) -> Result<Decision, Violation> {
    let violations =
        (0..1500).map(|index| Violation::required(Rule::SchemaRequired, format!("f[{index}]"), "")).collect();
    Ok(Decision {
        violations,
        warnings: vec![Warning::new(Rule::SchemaValue, "é\n".repeat(200)); 30],
        ..Decision::default()
    })
}

fn endpoint(decide: fn(&Config, &Request<'_>) -> Result<Decision, Violation>) -> &'static [Endpoint] {
    let function = &ENDPOINTS[1];
    Box::leak(Box::new([Endpoint { decide, operations: function.operations, ..*function }]))
}

#[tokio::test]
async fn a_rule_that_panics_is_answered_with_the_uid_and_the_server_goes_on() {
    let endpoints = endpoint(panics);
    let server = Server::start_with(Limits::default(), |_| {}, |app| app::router_of(app, endpoints)).await;
    let mut connection = server.connect().await;
    for _ in 0..3 {
        let answer = connection.review(PATH, REVIEW).await.unwrap();
        let response: Value = serde_json::from_str(&answer.body).unwrap();
        let status = json!({"status": "Failure", "message": "the webhook failed on this object; its log says where", "reason": "InternalError", "code": 500});
        assert_eq!(
            (answer.status, &response["response"]),
            (500, &json!({"uid": "u-1", "allowed": false, "status": status}))
        );
    }
    assert_eq!(server.metric("serverless_webhook_reviews_total{endpoint=\"validation-functions\",operation=\"DELETE\",verdict=\"error\"}"), 3.0);
}

#[tokio::test]
async fn what_an_answer_says_is_bounded() {
    let endpoints = endpoint(decides_much);
    let server = Server::start_with(Limits::default(), |_| {}, |app| app::router_of(app, endpoints)).await;
    let answer = server.connect().await.review(PATH, REVIEW).await.unwrap();
    let response = serde_json::from_str::<Value>(&answer.body).unwrap()["response"].clone();
    let causes = response["status"]["details"]["causes"].as_array().unwrap().len();
    assert!((300..1000).contains(&causes), "{causes}");
    let end = format!("f[{}]: Required value; and {} more", causes - 1, 1500 - causes);
    assert!(response["status"]["message"].as_str().unwrap().ends_with(&end));
    assert!(answer.body.len() <= 64 << 10, "{}", answer.body.len());
    let warnings: Vec<_> =
        response["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect();
    assert_eq!(warnings[0], format!("{}é…", "é ".repeat(127)));
    assert!(warnings.iter().map(|warning| warning.len()).sum::<usize>() < 4096);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_when_the_server_leaves() {
    let server = Server::start(Limits::default()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let server = Arc::new(server);
    let answered: Arc<[AtomicUsize; 8]> = Arc::default();
    let clients: Vec<_> = (0..answered.len())
        .map(|index| {
            let (server, stop, answered) = (Arc::clone(&server), Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut connection = None;
                while !stop.load(Ordering::Relaxed) {
                    let open = match connection.as_mut() {
                        Some(open) => open,
                        None => connection.insert(server.connect().await),
                    };
                    let answer = open.review(PATH, REVIEW).await.expect("a request was lost");
                    assert_eq!(answer.body, ALLOWED);
                    answered[index].fetch_add(1, Ordering::Relaxed);
                    if answer.head.contains("connection: close\r\n") {
                        connection = None;
                    }
                }
            })
        })
        .collect();
    eventually("under load", || server.metric("serverless_webhook_connections ") >= 8.0).await;
    server.phase.send_replace(Phase::Leaving);
    let counts = || answered.each_ref().map(|count| count.load(Ordering::Relaxed));
    let before = counts();
    eventually("each client is answered meanwhile", || {
        counts().iter().zip(before).all(|(count, before)| *count >= before + 20)
    })
    .await;
    // Like the API server, which knows by now that this replica is not ready.
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    server.phase.send_replace(Phase::Closing);
    eventually("ended", || server.task.is_finished()).await;
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn what_is_in_work_is_finished_and_what_is_idle_is_closed() {
    let server = Server::start_slow(|_| {}).await;
    let (mut idle, mut working) = (server.connect().await, server.connect().await);
    assert_eq!(idle.review(PATH, &large_review()).await.unwrap().status, 200);
    let held = GATE.lock().await;
    working.send(post(PATH, &large_review())).await.unwrap();
    eventually("in work", || server.metric("serverless_webhook_in_flight") == 1.0).await;
    server.phase.send_replace(Phase::Closing);
    idle.closed().await;
    assert!(!server.task.is_finished());
    drop(held);
    let answer = working.answer().await.unwrap();
    assert_eq!(answer.body, ALLOWED);
    assert!(answer.head.contains("connection: close\r\n"), "{}", answer.head);
    working.closed().await;
    let ended =
        tokio::time::timeout(PATIENCE, async { eventually("ended", || server.task.is_finished()).await });
    ended.await.unwrap();
    assert_eq!(server.metric("serverless_webhook_connections "), 0.0);
    drop(server.app);
}
