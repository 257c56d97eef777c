//! Clients push to a registry and pull from it through our gateway, with tokens of ours.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use decide::registry::acl::Policy;
use process::https::ConnectionLimits;
use serde_json::Value;

use crate::harness::guarded::{Guarded, NAME, limits};
use crate::harness::registry::random_layer;

const PUSH: (&str, &str) = ("push.team.web.1", "correct-horse");
const PULL: (&str, &str) = ("pull.team.web.1", "battery-staple");

/// A registry with an account for pushes and one for pulls, both of the namespace `team`.
async fn guarded(policy: Policy) -> Guarded {
    let guarded = Guarded::start(policy).await;
    guarded.add_account(PUSH.0, "push", "team", PUSH.1);
    guarded.add_account(PULL.0, "pull", "team", PULL.1);
    guarded
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_push_and_pull_what_their_access_allows() {
    let guarded = guarded(Policy::Shared).await;
    let folder = tempfile::tempdir().unwrap();
    let (layer, image) =
        (random_layer(folder.path(), 32 << 20, &mut fastrand::Rng::new()), guarded.image("team/app:1"));
    guarded.crane(Some(PUSH), &["append", "-f", &layer, "-t", &image]).unwrap();

    let pulled = folder.path().join("pulled").display().to_string();
    guarded.crane(Some(PULL), &["pull", "--format=oci", &image, &pulled]).unwrap();
    let digest = guarded.crane(Some(PULL), &["digest", &image]).unwrap();
    assert_eq!(guarded.crane(Some(PUSH), &["digest", &image]).unwrap(), digest);

    let refused = |login, arguments: &[&str]| {
        let printed = guarded.crane(login, arguments);
        assert!(!printed.ok, "{arguments:?}: {}", printed.out);
        printed.err
    };
    let denied = refused(Some(PULL), &["append", "-f", &layer, "-t", &guarded.image("team/new:1")]);
    assert!(denied.contains("UNAUTHORIZED: authentication required"), "{denied}");
    let denied = refused(None, &["digest", &image]);
    assert!(denied.contains("log in first: this registry has nothing for anonymous clients"), "{denied}");
    let catalog = format!("localhost:{}", guarded.port);
    assert!(refused(Some(PUSH), &["catalog", &catalog]).contains("UNAUTHORIZED"));
    let by_digest = format!("{}@{}", guarded.image("team/app"), digest.trim());
    assert!(refused(Some(PUSH), &["delete", &by_digest]).contains("UNAUTHORIZED"));
    // A layer of one repository is mounted into another by an account that may pull the first one.
    guarded.crane(Some(PUSH), &["copy", &image, &guarded.image("team/copy:1")]).unwrap();
    // The layer was pushed once, and pulled once: everything else is small.
    let passed = |direction| guarded.passed(direction) >> 20;
    assert_eq!((passed("received"), passed("sent")), (32, 32));
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_are_isolated_by_the_policy() {
    let guarded = guarded(Policy::PerNamespace).await;
    guarded.add_account("push.other.web.1", "push", "other", "other-horse");
    let folder = tempfile::tempdir().unwrap();
    let (layer, image) =
        (random_layer(folder.path(), 1000, &mut fastrand::Rng::new()), guarded.image("team/app:1"));
    guarded.crane(Some(PUSH), &["append", "-f", &layer, "-t", &image]).unwrap();
    let other = Some(("push.other.web.1", "other-horse"));
    for arguments in [vec!["digest", &image], vec!["append", "-f", &layer, "-t", &image]] {
        let printed = guarded.crane(other, &arguments);
        assert!(!printed.ok && printed.err.contains("status code 401 Unauthorized"), "{}", printed.err);
    }
    guarded.crane(other, &["append", "-f", &layer, "-t", &guarded.image("other/app:1")]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_a_deleted_account_and_a_registry_that_is_down_are_told_apart() {
    let mut guarded = guarded(Policy::Shared).await;
    let image = guarded.image("team/app:1");
    let wrong = guarded.crane(Some((PUSH.0, "wrong")), &["digest", &image]);
    assert!(wrong.err.contains("the account or its password is wrong, or it has expired"), "{}", wrong.err);
    let unknown = guarded.crane(Some(PUSH), &["digest", &image]);
    assert!(unknown.err.contains("404 Not Found"), "{}", unknown.err);
    guarded.accounts.remove(PUSH.0);
    let deleted = guarded.crane(Some(PUSH), &["digest", &image]);
    assert!(
        deleted.err.contains("the account or its password is wrong, or it has expired"),
        "{}",
        deleted.err
    );

    guarded.stop_registry();
    let request = b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = guarded.exchange(request, Duration::ZERO, 1);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 503 Service Unavailable\r\n") && head.contains("retry-after: 5"),
        "{head}"
    );
    assert_eq!(
        body,
        r#"{"errors":[{"code":"UNAVAILABLE","message":"the registry does not answer: try again later"}]}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_registry_and_tokens_is_there() {
    let guarded = guarded(Policy::Shared).await;
    for (request, status, body) in [
        (
            "GET /debug/vars",
            "404 Not Found",
            r#"{"errors":[{"code":"NOT_FOUND","message":"there is nothing here: the registry is at /v2/"}]}"#,
        ),
        (
            "PUT /auth/token",
            "405 Method Not Allowed",
            r#"{"errors":[{"code":"UNSUPPORTED","message":"ask for tokens with GET or POST"}]}"#,
        ),
        (
            "GET /auth/token?service=other",
            "400 Bad Request",
            r#"{"errors":[{"code":"UNSUPPORTED","message":"service must be the name that the registry gives in its challenge"}]}"#,
        ),
        ("GET /v2/", "401 Unauthorized", ""),
    ] {
        let request = format!("{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = guarded.exchange(request.as_bytes(), Duration::ZERO, 1);
        let (head, answered) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(body.is_empty() || answered == body, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_take_longer_than_any_limit_as_long_as_it_moves() {
    let limits = ConnectionLimits { request: Duration::from_secs(3), ..limits() };
    let guarded = Guarded::start_with(Policy::Shared.acl(), limits).await;
    let body = "x".repeat(60_000);
    let request = format!(
        "POST /auth/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = guarded.exchange(request.as_bytes(), Duration::from_millis(300), 14);
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    // One that stands still is closed.
    let answer = guarded.exchange(&request.as_bytes()[..1000], Duration::from_secs(4), 1);
    assert_eq!(answer, "");
}

/// The value of a header.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = answer.split("\r\n").take_while(|line| !line.is_empty());
    lines.find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_may_take_longer_than_any_limit_as_long_as_it_moves() {
    let limits = ConnectionLimits { request: Duration::from_secs(3), ..limits() };
    let guarded = Guarded::start_with(Policy::Shared.acl(), limits).await;
    guarded.add_account(PUSH.0, "push", "team", PUSH.1);
    let ask = |head: &str, body: &str, pause: u64, parts: usize| {
        let length = body.len();
        let request = format!(
            "{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        guarded.exchange(request.as_bytes(), Duration::from_millis(pause), parts)
    };
    let login = STANDARD.encode(format!("{}:{}", PUSH.0, PUSH.1));
    let scope = "repository:team/app:pull,push";
    let question =
        format!("GET /auth/token?service={NAME}&scope={scope} HTTP/1.1\r\nAuthorization: Basic {login}");
    let answer = ask(&question, "", 0, 1);
    let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let bearer = format!("Authorization: Bearer {}", answer["token"].as_str().unwrap());
    let started = ask(&format!("POST /v2/team/app/blobs/uploads/ HTTP/1.1\r\n{bearer}"), "", 0, 1);
    let location = header(&started, "location").unwrap_or_else(|| panic!("{started}"));
    let path = location.strip_prefix(&format!("https://localhost:{}", guarded.port)).unwrap();
    let head = format!("PATCH {path} HTTP/1.1\r\nContent-Type: application/octet-stream\r\n{bearer}");
    let answer = ask(&head, &"x".repeat(60_000), 300, 14);
    assert!(answer.starts_with("HTTP/1.1 202 Accepted\r\n"), "{answer}");
    assert_eq!(header(&answer, "range"), Some("0-59999"));
}
