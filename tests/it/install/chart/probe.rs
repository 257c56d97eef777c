//! The notes of the chart after an installation, and its test.

use std::fs;

use serde_json::{Value, json};

use super::{object, render, tool};
use crate::harness::cli;
use crate::harness::server::{Limits, Server};

const MODES: [&str; 3] = ["self-managed", "cert-manager", "secret"];

/// The Pod of `helm test`, run locally: its arguments, its files, a server in place of the Service.
#[tokio::test(flavor = "multi_thread")]
async fn the_test_of_the_chart_asks_a_webhook_that_answers() {
    let server = Server::start(Limits::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.crt");
    fs::write(&authority, &server.certs.authority.certificate).unwrap();
    for mode in MODES {
        let own = if mode == "secret" {
            format!("--set-file webhook.certificates.caBundle={}", authority.display())
        } else {
            String::new()
        };
        let rendered = render(&format!("-n ours --set webhook.certificates.mode={mode} {own}"));
        let pod = object(&rendered, "Pod", "serverless-webhook-test");
        assert_eq!(pod["metadata"]["annotations"]["helm.sh/hook"], "test", "{mode}");
        // No volume contains a key.
        let volume = pod["spec"]["volumes"].as_array().unwrap().iter().find(|one| one["name"] == "authority");
        let volume = volume.unwrap();
        let map = object(&rendered, "ConfigMap", "serverless-webhook-test");
        let ca = folder.path().join("ca.crt");
        if mode == "secret" {
            assert_eq!(volume["configMap"]["name"], "serverless-webhook-test");
            fs::write(&ca, map["data"]["ca.crt"].as_str().unwrap()).unwrap();
        } else {
            let secret = json!({
                "secretName": "serverless-webhook-tls",
                "defaultMode": 288,
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            });
            assert_eq!(volume["secret"], secret, "{mode}");
            fs::copy(&authority, &ca).unwrap();
        }
        let review = folder.path().join("function.json");
        fs::write(&review, map["data"]["function.json"].as_str().unwrap()).unwrap();
        let here = [
            ("https://serverless-webhook.ours.svc", format!("https://localhost:{}", server.address.port())),
            ("/etc/serverless-authority/ca.crt", ca.display().to_string()),
            ("/etc/serverless-test/function.json", review.display().to_string()),
        ];
        let args = pod.pointer("/spec/containers/0/args").and_then(Value::as_array).unwrap();
        let mut args: Vec<_> = args.iter().map(|arg| arg.as_str().unwrap().to_owned()).collect();
        for (of_pod, path) in &here {
            let place = args.iter_mut().find(|arg| arg.contains(of_pod)).unwrap();
            *place = place.replace(of_pod, path);
        }
        let printed = tokio::task::spawn_blocking(move || {
            cli::run(&args.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let (code, out, err) = printed.await.unwrap();
        assert_eq!((code, err.as_str()), (0, ""), "{mode}: {out}");
    }
    let metrics = server.metrics.render();
    let patched = |line: &&str| line.contains("reviews_total{") && line.contains(r#"verdict="patched""#);
    let patched =
        metrics.lines().filter(patched).filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok());
    assert_eq!(patched.sum::<u32>(), 3, "{metrics}");
}

/// What is installed and what is next, with the names and the namespace of this installation.
#[test]
fn notes_name_what_is_there_and_what_is_next() {
    let flags =
        "install serverless manifests/chart -n ours --dry-run=client --set webhook.failurePolicy=Ignore";
    let printed = tool("helm", flags).unwrap();
    let (_, notes) = printed.split_once("NOTES:\n").unwrap();
    for text in [
        "Installed in namespace ours:",
        "serverless-webhook: 2 replicas, certificates: self-managed, failurePolicy: Ignore",
        "serverless-controller: 2 replicas, one of them leads",
        "helm test serverless -n ours",
        "type: kubernetes.io/dockerconfigjson",
        "kubectl get functions -n default -w",
        "CRDs, Functions and copies stay",
    ] {
        assert!(notes.contains(text), "{text}: {notes}");
    }
    assert!(!notes.contains("In an emergency"), "{notes}");
    let without = "--set controller.runtimes.create=false,crds.install=false,crds.keep=false";
    let printed = tool("helm", &format!("{flags} {without} --set webhook.failurePolicy=Fail")).unwrap();
    for text in ["no runtimes", "no CRDs: install them yourself", "In an emergency", "copies stay"] {
        assert!(printed.contains(text), "{text}: {printed}");
    }
}

/// `helm show readme` shows a text.
#[test]
fn the_readme_is_in_the_chart() {
    let readme = tool("helm", "show readme manifests/chart").unwrap();
    assert!(readme.contains("| `webhook.replicas` | `2` |"), "{readme}");
}
