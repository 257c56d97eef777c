#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use decide::Kind;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use process::lease::Term;
use tower::service_fn;

use super::*;

/// A request to the API server (method, path and query, with its body) and its answer.
type Exchange = (&'static str, Value, u16, Value);

/// An API server that expects exactly these requests, in order.
fn server(exchanges: Vec<Exchange>) -> (Writer, Arc<Mutex<VecDeque<Exchange>>>) {
    let script = Arc::new(Mutex::new(VecDeque::from(exchanges)));
    let left = Arc::clone(&script);
    let service = service_fn(move |request: Request<Body>| {
        let script = Arc::clone(&script);
        async move {
            let asked = format!("{} {}", request.method(), request.uri().path_and_query().unwrap());
            let body = request.into_body().collect_bytes().await.unwrap();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let (expected, expected_body, status, answer) =
                script.lock().unwrap().pop_front().unwrap_or_else(|| panic!("{asked} is too much"));
            assert_eq!((asked.as_str(), &body), (expected, &expected_body));
            let answer = Body::from(serde_json::to_vec(&answer).unwrap());
            Ok::<_, Infallible>(Response::builder().status(status).body(answer).unwrap())
        }
    });
    (Writer::new(Client::new(service, "default"), Term::endless()), left)
}

/// An object that is ours if its field `owner` is ours.
struct Own(Wanted);

impl Intent for Own {
    fn wanted(&self) -> &Wanted {
        &self.0
    }

    fn is_ours(&self, stored: &Value) -> bool {
        stored.get("owner").and_then(Value::as_str) == Some("us")
    }

    fn is_done(&self, stored: &Value) -> bool {
        stored.get("data") == self.0.object.get("data")
    }

    fn must_be_remade(&self, stored: &Value) -> bool {
        stored.get("immutable").is_some()
    }

    fn foreign(&self, stored: &Value) -> Map<String, Value> {
        let foreign = stored.get("foreign").map(|_| ("foreign".to_owned(), Value::Null));
        foreign.into_iter().collect()
    }
}

const CREATE: &str = "POST /api/v1/namespaces/n/configmaps?&fieldManager=serverless-controller";
const APPLY: &str = "PATCH /api/v1/namespaces/n/configmaps/c?&force=true&fieldManager=serverless-controller";
const GET: &str = "GET /api/v1/namespaces/n/configmaps/c";
const PATCH: &str = "PATCH /api/v1/namespaces/n/configmaps/c?";

fn wanted() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}, "data": {"a": "new"}})
}

fn own() -> Own {
    let (namespace, name) = ("n".to_owned(), "c".to_owned());
    Own(Wanted { kind: Kind::ConfigMap, namespace, name, object: wanted() })
}

/// The stored object, with more fields.
fn stored(data: &str, more: &Value) -> Value {
    let mut stored = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "owner": "us", "data": {"a": data},
        "metadata": {"name": "c", "namespace": "n", "uid": "u", "resourceVersion": "7"},
    });
    stored.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stored
}

/// The object as applied to a certain version.
fn applied(version: &str) -> Value {
    let mut applied = wanted();
    applied["metadata"]["uid"] = "u".into();
    applied["metadata"]["resourceVersion"] = version.into();
    applied
}

fn failure(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "why", "reason": reason, "code": code})
}

fn exists() -> Exchange {
    (CREATE, wanted(), 409, failure(409, "AlreadyExists"))
}

#[tokio::test]
async fn what_is_not_there_is_created_by_post() {
    let (writer, left) = server(vec![(CREATE, wanted(), 201, stored("new", &json!({})))]);
    assert_eq!(writer.create(&own()).await.unwrap().meta().uid.as_deref(), Some("u"));
    assert!(left.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_api_server_refuses_is_said_in_its_words() {
    let (writer, _) = server(vec![(CREATE, wanted(), 422, failure(422, "Invalid"))]);
    assert_eq!(writer.create(&own()).await.unwrap_err().to_string(), "ConfigMap c was refused: why");
}

#[tokio::test]
async fn what_belongs_to_others_is_left_alone() {
    let theirs = stored("old", &json!({"owner": "them"}));
    let (writer, left) = server(vec![exists(), (GET, Value::Null, 200, theirs)]);
    assert_eq!(writer.create(&own()).await.unwrap_err().to_string(), "ConfigMap c exists already");
    assert!(left.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_there_already_is_not_written() {
    let (writer, left) = server(vec![(GET, Value::Null, 200, stored("new", &json!({})))]);
    writer.update(&own()).await.unwrap();
    assert!(left.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_created_is_noted_as_applied_before_its_first_change() {
    let created = json!([{"manager": "serverless-controller", "operation": "Update", "apiVersion": "v1"}]);
    let mut old = stored("old", &json!({}));
    old["metadata"]["managedFields"] = created.clone();
    let mut noted = old.clone();
    noted["metadata"]["resourceVersion"] = "8".into();
    let mut managed = created;
    managed[0]["operation"] = "Apply".into();
    let note = json!({"metadata": {"resourceVersion": "7", "managedFields": managed}});
    let (writer, left) = server(vec![
        (GET, Value::Null, 200, old),
        (PATCH, note, 200, noted),
        (APPLY, applied("8"), 200, stored("new", &json!({}))),
    ]);
    writer.update(&own()).await.unwrap();
    assert!(left.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_others_change_meanwhile_is_looked_at_again() {
    let looked = || (GET, Value::Null, 200, stored("old", &json!({})));
    let conflict = || (APPLY, applied("7"), 409, failure(409, "Conflict"));
    let done = (APPLY, applied("7"), 200, stored("new", &json!({})));
    let (writer, left) = server(vec![looked(), conflict(), looked(), done]);
    writer.update(&own()).await.unwrap();
    assert!(left.lock().unwrap().is_empty());
    // The retries have an end.
    let all = (0..LOOKS).flat_map(|_| [looked(), conflict()]).collect();
    let (writer, left) = server(all);
    assert_eq!(writer.update(&own()).await.unwrap_err().reason(), "conflict");
    assert!(left.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_change_is_deleted_as_it_was_seen_and_created() {
    let delete = json!({"preconditions": {"uid": "u", "resourceVersion": "7"}});
    let (writer, left) = server(vec![
        (GET, Value::Null, 200, stored("old", &json!({"immutable": true}))),
        ("DELETE /api/v1/namespaces/n/configmaps/c?", delete, 200, stored("old", &json!({}))),
        (CREATE, wanted(), 201, stored("new", &json!({}))),
    ]);
    writer.update(&own()).await.unwrap();
    assert!(left.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_others_have_put_there_is_taken_away() {
    let more = stored("new", &json!({"foreign": 1}));
    let removal = json!({"foreign": null, "metadata": {"resourceVersion": "7"}});
    let (writer, left) = server(vec![
        (GET, Value::Null, 200, stored("old", &json!({}))),
        (APPLY, applied("7"), 200, more),
        (PATCH, removal, 200, stored("new", &json!({}))),
    ]);
    writer.update(&own()).await.unwrap();
    assert!(left.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_deposed_writer_asks_nothing() {
    let (writer, _) = server(vec![]);
    let writer = Writer::new(writer.client().clone(), Term::until(std::time::Instant::now()));
    assert_eq!(writer.create(&own()).await.unwrap_err().reason(), "deposed");
    assert_eq!(writer.get(Kind::ConfigMap, "n", "c").await.unwrap_err().reason(), "deposed");
}
