//! `serverless-registry serve` with a real API server: accounts log in as soon as they are there, and no longer.

use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use serverless_webhook::certificates::dev_certs;

use crate::harness::cluster::{BARE, NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::guarded::{exchange, hash};
use crate::harness::programs::program;
use crate::harness::served::{RulesFile, Served};
use crate::harness::tls::write_certs;
use crate::harness::wait::wait_until;

fn apply_account(namespace: &str, name: &str, spec: &serde_json::Value) {
    let account = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageRegistryAccount",
        "metadata": {"name": name},
        "spec": spec,
    });
    kubectl(&BARE, &format!("apply --namespace={namespace} -f -"), &account).unwrap();
}

const SHARED: &str = "\
acl:
- match: {type: repository, labels: {origin: cr, accessMode: push}}
  actions: [pull, push]
";

#[test]
fn accounts_log_in_as_soon_as_they_are_there_and_no_longer() {
    let namespace = "registry-accounts";
    kubectl(&BARE, &format!("create namespace {namespace}"), NOTHING).unwrap();
    let push = json!({"accessMode": ["push"]});
    apply_account(namespace, "push.a.b.1", &json!({"password": hash("horse-1"), "labels": push}));
    let rules = RulesFile::new(SHARED);
    let mut served = Served::start(&BARE.kubeconfig(), namespace, &[rules.flag()]);
    let allowed =
        |served: &Served, user, password, scope| served.claims(user, password, scope)["access"].clone();
    let scope = "repository:a/b:pull,push";
    let both = json!([{"type": "repository", "name": "a/b", "actions": ["pull", "push"]}]);
    assert_eq!(allowed(&served, "push.a.b.1", "horse-1", scope), both);
    assert!(served.metric("serverless_registry_accounts 1"));

    // The Secret with its password can be faster than the watch: a login of nobody is looked up once more before it is refused.
    apply_account(
        namespace,
        "push.a.b.2",
        &json!({"password": hash("horse-2"), "labels": push, "ttl": "5m"}),
    );
    assert_eq!(allowed(&served, "push.a.b.2", "horse-2", scope), both);
    let refusal = r#"{"errors":[{"code":"UNAUTHORIZED","message":"the account or its password is wrong, or it has expired"}]}"#;
    assert_eq!(served.ask("push.a.b.2", "horse-1", scope), (401, refusal.to_owned()));
    kubectl(&BARE, &format!("delete --namespace={namespace} imageregistryaccount push.a.b.1"), NOTHING)
        .unwrap();
    wait_until("a deleted account is refused", || served.ask("push.a.b.1", "horse-1", scope).0 == 401);

    // Rules that are wrong change nothing; right ones are in force at once.
    rules.write("acl:\n- match: {origin: cr}\n  actions: ['*']\n");
    wait_until("read", || {
        served.metric("serverless_registry_reloads_total{file=\"rules\",result=\"failure\"} 1")
    });
    assert_eq!(allowed(&served, "push.a.b.2", "horse-2", scope), both);
    rules.write(&SHARED.replace("[pull, push]", "[pull]"));
    wait_until("read", || {
        served.metric("serverless_registry_reloads_total{file=\"rules\",result=\"success\"} 1")
    });
    let pull = json!([{"type": "repository", "name": "a/b", "actions": ["pull"]}]);
    assert_eq!(allowed(&served, "push.a.b.2", "horse-2", scope), pull);

    served.process.signal("TERM").unwrap();
    assert_eq!(served.process.wait().unwrap(), 0);
    let log = served.process.output();
    assert!(log.contains("all connections have ended"), "{log}");
    for secret in ["horse", "$2", &STANDARD.encode("push.a.b.2:horse-2")] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// A request as the log shows it, without the time that it took.
fn requests(log: &str) -> Vec<serde_json::Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let requests = lines.filter(|line| line["message"] == "request").map(|mut line| {
        assert!(line["seconds"].as_f64().unwrap() < 60.0, "{line}");
        for varies in ["seconds", "timestamp", "message", "target"] {
            line.as_object_mut().unwrap().remove(varies);
        }
        line
    });
    requests.collect()
}

#[test]
fn each_request_is_logged_with_its_account_and_without_what_is_secret() {
    let namespace = "registry-access";
    kubectl(&BARE, &format!("create namespace {namespace}"), NOTHING).unwrap();
    apply_account(namespace, "ci", &json!({"password": hash("horse-1")}));
    let rules = RulesFile::new(SHARED);
    for is_logged in [true, false] {
        let flags = [rules.flag(), format!("--access-log={is_logged}")];
        let mut served = Served::start(&BARE.kubeconfig(), namespace, &flags);
        let granted = served.ask("ci", "horse-1", "repository:a/b:pull");
        let refused = served.ask("ci", "horse-2", "repository:a/b:pull");
        let unknown = served.ask("horse-3", "horse-1", "repository:a/b:pull");
        assert_eq!([granted.0, refused.0, unknown.0], [200, 401, 401]);
        let request = "PUT /v2/a/b/blobs/uploads/1?_state=horse HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer horse\r\nContent-Length: 4\r\n\r\nblob";
        let answer = exchange(served.port, &served.authority, request.as_bytes(), Duration::ZERO, 1);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        served.process.signal("TERM").unwrap();
        assert_eq!(served.process.wait().unwrap(), 0);
        let log = served.process.output();
        assert!(!log.contains("horse"), "{log}");
        let token = |status: u16, body: &str, account: Option<&str>| {
            let mut line = json!({
                "level": "INFO",
                "method": "GET",
                "path": "/auth/token",
                "status": status,
                "client": "127.0.0.1",
                "received": 0,
                "sent": body.len(),
            });
            if let Some(account) = account {
                line["account"] = json!(account);
            }
            line
        };
        let upload = json!({
            "level": "INFO",
            "method": "PUT",
            "path": "/v2/a/b/blobs/uploads/1",
            "status": 503,
            "client": "127.0.0.1",
            "received": 0,
            "sent": body.len(),
        });
        let expected = [
            token(200, &granted.1, Some("ci")),
            token(401, &refused.1, Some("ci")),
            token(401, &unknown.1, None),
            upload,
        ];
        let expected = if is_logged { expected.to_vec() } else { Vec::new() };
        assert_eq!(requests(&log), expected);
    }
}

#[test]
fn what_is_wrong_is_said_before_anything_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let certs = dev_certs::make("kyma-system").unwrap();
    let tls = write_certs(folder.path(), &certs);
    let said = |key: &str| {
        let mut command = Command::new(program("serverless-registry"));
        command.args(["serve", "--token-issuer=a", "--token-service=a", "--log-level=off"]);
        command.arg(format!("--tls-cert-file={}", tls.certificate.display()));
        command.arg(format!("--tls-private-key-file={}", tls.key.display()));
        command.arg(format!("--token-ca-cert-file={}", tls.certificate.display()));
        command.arg(format!("--token-ca-key-file={key}"));
        let printed = piped(command, "");
        assert!(!printed.ok);
        printed.err
    };
    assert_eq!(
        said("/nowhere/key"),
        "error: --token-ca-key-file /nowhere/key: No such file or directory (os error 2)\n"
    );
    assert_eq!(
        said(&tls.certificate.display().to_string()),
        "error: --token-ca-cert-file and --token-ca-key-file must be the certificate of an authority that is valid now, and its key, in PEM\n"
    );
}
