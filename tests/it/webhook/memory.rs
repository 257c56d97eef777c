//! The memory of the server is bounded for all requests: bodies, answers, names, log lines and the shape of objects.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rstest::rstest;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::connection::{head, post};
use crate::harness::reviews::{ALLOWED, PATH, REVIEW};
use crate::harness::server::{Limits, Server};
use crate::harness::wait::eventually;

const SECRETS: &str = "/mutation/registry-secrets";
const ANSWER_MAX: usize = 64 << 10;

async fn server(body_memory: usize) -> Server {
    Server::start(Limits { body_memory, ..Limits::default() }).await
}

async fn still_serves(server: &Server) {
    let answer = server.connect().await.review(PATH, REVIEW).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, ALLOWED));
}

/// A review of a Function, as text: `object` may be JSON that no library would write.
fn function_review(object: &str) -> String {
    REVIEW.replace(r#""operation":"DELETE""#, &format!(r#""operation":"CREATE","object":{object}"#))
}

/// The answer as JSON. Its size is checked.
async fn ask(server: &Server, path: &str, body: &str) -> Value {
    let answer = server.connect().await.review(path, body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body.chars().take(500).collect::<String>());
    assert!(answer.body.len() <= ANSWER_MAX, "{} bytes", answer.body.len());
    let response = serde_json::from_str::<Value>(&answer.body).unwrap()["response"].take();
    assert_eq!(response["uid"], "u-1");
    response
}

fn message(response: &Value) -> &str {
    response["status"]["message"].as_str().unwrap()
}

#[tokio::test]
async fn bodies_that_are_announced_and_not_sent_take_no_memory() {
    let server = server(64 << 20).await;
    let mut holding = Vec::new();
    for size in [7 << 20; 9].into_iter().chain([1_000_000]) {
        let mut connection = server.connect().await;
        connection.send(head(PATH, size)).await.unwrap();
        holding.push(connection);
    }
    for _ in 0..10 {
        still_serves(&server).await;
    }
    assert_eq!(server.free_memory(), 64 << 20);
}

#[tokio::test]
async fn bodies_beyond_the_memory_for_bodies_are_turned_away() {
    let server = server(2 << 20).await;
    let mut holding = server.connect().await;
    holding.send(format!("{}{}", head(PATH, 1 << 20), " ".repeat(800 << 10))).await.unwrap();
    eventually("most is taken", || server.free_memory() <= (2 << 20) - (800 << 10)).await;
    let body = format!("{REVIEW}{}", " ".repeat(900 << 10));
    let answer = server.connect().await.review(PATH, &body).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (429, "other request bodies take all the memory\n"));
    assert!(answer.head.contains("retry-after: 1\r\n"), "{}", answer.head);
    // There is still room for a small review.
    still_serves(&server).await;
    drop(holding);
    eventually("the memory is given back", || server.free_memory() == 2 << 20).await;
    assert_eq!(server.connect().await.review(PATH, &body).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_memory_of_an_answer_stays_reserved_until_it_is_written() {
    let server = server(8 << 20).await;
    let config = json!({"auths": {"other": {"auth": "x".repeat(700 << 10)}}}).to_string();
    let encoded = |text: &str| BASE64.encode(text);
    let object = json!({
        "metadata": {"name": "s", "labels": {"serverless.kyma-project.io/remote-registry": "config"}},
        "data": {
            "username": encoded("u"), "password": encoded("p"), "serverAddress": encoded("s"),
            "registryAddress": encoded("r"), ".dockerconfigjson": encoded(&config),
        },
    });
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u-1", "operation": "CREATE", "object": object,
            "resource": {"group": "", "version": "v1", "resource": "secrets"},
        },
    });
    let review = review.to_string();
    // The only answer that may be larger than 64 KiB: it contains data of the request.
    let answer = server.connect().await.review(SECRETS, &review).await.unwrap();
    assert!(answer.body.len() > 1 << 20 && answer.body.len() < 2 * review.len());
    eventually("the memory is given back", || server.free_memory() == 8 << 20).await;

    // Answers pile up in the kernel until it accepts no more; then the server reads nothing more either.
    let mut unread = server.connect_narrow().await;
    let mut is_read = true;
    while is_read {
        let sent = tokio::time::timeout(Duration::from_secs(3), unread.send(post(SECRETS, &review))).await;
        is_read = sent.is_ok_and(|sent| sent.is_ok());
    }
    let held = || (8 << 20) - server.free_memory();
    eventually("an answer is held", || (answer.body.len()..2 << 20).contains(&held())).await;
    drop(unread);
    eventually("the memory is given back", || server.free_memory() == 8 << 20).await;
}

#[tokio::test]
async fn a_label_key_of_megabytes_of_quotes_is_answered_briefly() {
    let server = server(64 << 20).await;
    let key = r#"\""#.repeat(3_300_000);
    let object = format!(r#"{{"metadata": {{"name": "f", "labels": {{"{key}": 1}}}}}}"#);
    let response = ask(&server, PATH, &function_review(&object)).await;
    let field = format!("metadata.labels.{}…", "\"".repeat(239));
    let expected = format!(r#" "f" is invalid: {field}: Invalid value: "integer": must be a string"#);
    assert_eq!(message(&response), expected);
    assert_eq!(response["status"]["details"]["causes"][0]["field"], field);
    let object = format!(r#"{{"metadata": {{"name": "f"}}, "spec": {{"labels": {{"{key}": "-"}}}}}}"#);
    let response = ask(&server, PATH, &function_review(&object)).await;
    assert!(message(&response).contains(&format!("spec.labels[{}…: Invalid value: ", "\"".repeat(243))));
}

#[rstest]
#[case::name("name", r#" "xxx…" is invalid: "#)]
#[case::kind("kind", r#"xxx… "f" is invalid: "#)]
#[case::resource(
    "resource",
    "/validation/functions answers for functions.v1alpha1.serverless.kyma-project.io, not for xxx…: the webhook configuration names the wrong path"
)]
#[tokio::test]
async fn names_of_megabytes_are_answered_briefly(#[case] member: &str, #[case] text: &str) {
    let server = server(64 << 20).await;
    let long = "x".repeat(3 << 20);
    let mut review: Value = serde_json::from_str(&function_review(r#"{"metadata": {"name": "f"}}"#)).unwrap();
    review["request"][member] = match member {
        "name" => json!(long),
        "kind" => json!({"group": long, "kind": long}),
        _ => json!({"resource": long, "group": "g", "version": "v"}),
    };
    let response = ask(&server, PATH, &review.to_string()).await;
    let expected = text.replace("xxx", &"x".repeat(255));
    assert!(message(&response).starts_with(&expected), "{}", message(&response));
}

#[tokio::test]
async fn violations_that_do_not_fit_are_counted() {
    let server = server(64 << 20).await;
    let names: Vec<_> =
        (0..1000).map(|index| json!({"name": format!("{index}\"{}", "\\".repeat(200))})).collect();
    let object =
        json!({"metadata": {"name": "f"}, "spec": {"source": "x", "runtime": "nodejs12", "env": names}});
    let response = ask(&server, PATH, &function_review(&object.to_string())).await;
    let causes = response["status"]["details"]["causes"].as_array().unwrap().len();
    assert!((20..1000).contains(&causes), "{causes}");
    let more = message(&response).rsplit_once("; and ").unwrap().1.strip_suffix(" more").unwrap();
    // Each name, and the minimum of each resource of the Function and of its build.
    assert_eq!(causes + more.parse::<usize>().unwrap(), 1000 + 8);
}

#[tokio::test]
async fn control_characters_are_answered_escaped() {
    let server = server(64 << 20).await;
    let object = r#"{"metadata": {"name": "f\u001b[2J", "labels": {"\u001b[31m\n": 1}}}"#;
    let response = ask(&server, PATH, &function_review(object)).await;
    let expected = r#" "f\u{1b}[2J" is invalid: metadata.labels.\u{1b}[31m\u{a}: Invalid value: "integer": must be a string"#;
    assert_eq!(message(&response), expected);
    let details = &response["status"]["details"];
    assert_eq!(details["name"], r"f\u{1b}[2J");
    assert_eq!(details["causes"][0]["field"], r"metadata.labels.\u{1b}[31m\u{a}");
}

#[tokio::test]
async fn a_log_line_is_short_whatever_the_names() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let _subscribed = tracing::subscriber::set_default(subscriber);
    // As long as there is only one subscriber, the first thread that comes to a log line decides for all whether somebody
    // listens, and tests on other threads have no subscriber.
    let _another = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let server = server(64 << 20).await;
    // Small enough to be decided on this thread, whose log lines are captured.
    let long = "\n".repeat(15_000);
    let mut review: Value = serde_json::from_str(&function_review(r#"{"metadata": {"name": "f"}}"#)).unwrap();
    review["request"]["name"] = json!(long);
    review["request"]["namespace"] = json!(long);
    review["request"]["operation"] = json!("CREATE");
    review["request"]["userInfo"] = json!({"username": long});
    ask(&server, PATH, &review.to_string()).await;
    let lines = lines.0.lock().unwrap();
    let text = String::from_utf8_lossy(&lines);
    let line = text.lines().find(|line| line.contains("verdict=")).unwrap();
    assert!(line.len() < 4096 && line.contains("…"), "{} bytes", line.len());
}

/// Captured log lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
