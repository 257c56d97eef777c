//! Only the API server can connect: set up as in `docs/operators.md`, with an admission configuration file.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use serverless_webhook::certificates::dev_certs;
use testenv::{ControlPlane, Options, Replica};

use crate::harness::cli::webhook;
use crate::harness::cluster::{function, kubectl};
use crate::harness::command::{Printed, piped};
use crate::harness::tls::client_certificate;

/// How the API server authenticates to a webhook at an address.
fn kubeconfig(address: &str, certificate: &str, key: &str) -> Value {
    // The user is named after the called server: SERVICE.NAMESPACE.svc, or the host of an address.
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "users": [{"name": address, "user": {
            "client-certificate-data": BASE64.encode(certificate),
            "client-key-data": BASE64.encode(key),
        }}],
    })
}

/// The configuration that gives the API server a kubeconfig for webhooks.
fn admission_configuration(kubeconfig: &Path) -> Value {
    let plugin = |name: &str| {
        json!({"name": name, "configuration": {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "WebhookAdmissionConfiguration",
            "kubeConfigFile": kubeconfig,
        }})
    };
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [plugin("MutatingAdmissionWebhook"), plugin("ValidatingAdmissionWebhook")],
    })
}

#[test]
fn only_the_api_server_gets_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = |file: &str| folder.path().join(file);
    let write = |file: &str, text: &str| fs::write(path(file), text).unwrap();
    let certs = dev_certs::make("kyma-system").unwrap();
    let (client_ca, client, client_key) = client_certificate("kube-apiserver-to-webhook");
    write("tls.crt", &certs.server.certificate);
    write("tls.key", &certs.server.key);
    write("ca.crt", &certs.authority.certificate);
    write("client-ca.crt", &client_ca);
    let mut serve = webhook();
    serve.args(["serve", "--client-name=kube-apiserver-to-webhook", "--log-level=debug"]);
    for (flag, file) in [
        ("--tls-cert-file", "tls.crt"),
        ("--tls-private-key-file", "tls.key"),
        ("--client-ca-file", "client-ca.crt"),
    ] {
        serve.arg(flag).arg(path(file));
    }
    let log = path("webhook.log");
    let mut replica = Replica::start(&mut serve, &log).unwrap();
    let address = format!("127.0.0.1:{}", replica.port);

    write("webhooks.kubeconfig", &kubeconfig(&address, &client, &client_key).to_string());
    write("admission.yaml", &admission_configuration(&path("webhooks.kubeconfig")).to_string());
    let flag = format!("--admission-control-config-file={}", path("admission.yaml").display());
    let known = ControlPlane::start(&Options { api_server_flags: vec![flag], ..Options::default() }).unwrap();
    let unknown = ControlPlane::start(&Options::default()).unwrap();
    let create = |control_plane: &ControlPlane| -> Printed {
        testenv::install_crds(control_plane).unwrap();
        let url = format!("https://{address}");
        let configurations =
            testenv::webhook_configurations(&url, Some(&certs.authority.certificate)).unwrap();
        testenv::install_webhooks(control_plane, &configurations).unwrap();
        crate::harness::installed::wait_until_called(control_plane);
        let create = "create --dry-run=server -o jsonpath={.spec.runtime} -f -";
        kubectl(control_plane, create, &function("demo", &json!({"source": "x"})))
    };
    assert_eq!(create(&known).unwrap(), "nodejs12");
    // The TLS alert arrives while the API server is already writing, so its message varies.
    let without_certificate = || fs::read_to_string(&log).unwrap().contains("peer sent no certificates");
    assert!(!without_certificate());
    let refused = create(&unknown).err;
    assert!(refused.contains("failed to call webhook"), "{refused}");
    replica.process.wait_until("refusal", without_certificate).unwrap();

    let mut replay = Command::new(env!("CARGO_BIN_EXE_serverless-webhook"));
    replay
        .args(["replay", "fixtures/admission/validation-functions", "--url"])
        .arg(format!("https://{address}"));
    replay.arg("--ca-file").arg(path("ca.crt"));
    let printed = piped(replay, "");
    assert!(!printed.ok, "{}", printed.out);
}
