//! Pods log in with the tokens of their service accounts: `serverless-registry serve` with a real API server, as an account
//! that has the documented rights and no others.

use std::path::PathBuf;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::client::Client;
use crate::harness::cluster::{BARE, NOTHING, kubectl};
use crate::harness::guarded::{NAME, hash};
use crate::harness::registry::layer;
use crate::harness::served::Served;
use crate::harness::wait::wait_until;

const NAMESPACE: &str = "registry-pods";
const USER: &str = "serviceaccount";
const REFUSED: &str = r#"{"errors":[{"code":"UNAUTHORIZED","message":"the account or its password is wrong, or it has expired"}]}"#;
const PULL: &str = "repository:team/app:pull";

/// The kubeconfig of the gateway's account, which may follow accounts, and may not review tokens yet.
fn gateway() -> PathBuf {
    let create = |what: &str| kubectl(&BARE, what, NOTHING).unwrap();
    create(&format!("create namespace {NAMESPACE}"));
    create(&format!(
        "create role gateway --namespace={NAMESPACE} --verb=get,list,watch --resource=imageregistryaccounts.registry.mgoltzsche.github.com"
    ));
    create(&format!(
        "create rolebinding gateway --namespace={NAMESPACE} --role=gateway --serviceaccount={NAMESPACE}:gateway"
    ));
    for account in ["web", "job"] {
        create(&format!("create serviceaccount {account} --namespace={NAMESPACE}"));
    }
    BARE.kubeconfig_for(&format!("system:serviceaccount:{NAMESPACE}:gateway"), "system:serviceaccounts")
        .unwrap()
}

/// A token of a Pod, or of the account alone.
fn token(account: &str, audience: &str, pod: Option<&str>) -> String {
    let bound =
        pod.map(|pod| format!(" --bound-object-kind=Pod --bound-object-name={pod}")).unwrap_or_default();
    let command = format!("create token {account} --namespace={NAMESPACE} --audience={audience}{bound}");
    kubectl(&BARE, &command, NOTHING).unwrap().trim().to_owned()
}

fn create_pod(name: &str) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "serviceAccountName": "web",
            "automountServiceAccountToken": false,
            "containers": [{"name": "main", "image": "app"}],
        },
    });
    kubectl(&BARE, &format!("create --namespace={NAMESPACE} -f -"), &pod).unwrap();
}

/// The token with other claims, signed by the API server's own key.
fn forged(token: &str, claim: &str, value: &Value) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert!(claims[claim] != Value::Null);
    claims[claim] = value.clone();
    let message = format!("{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key =
        rcgen::KeyPair::from_pem(&std::fs::read_to_string(BARE.folder().join("sa.key")).unwrap()).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der()).unwrap();
    let signature = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_pod_pulls_with_the_token_of_its_service_account_as_long_as_both_are_there() {
    let served = Served::start(&gateway(), NAMESPACE, &[]).with_registry();
    create_pod("web-1");
    let web = token("web", NAME, Some("web-1"));

    // Without the right to review tokens, the gateway trusts none.
    let unverified = r#"{"errors":[{"code":"UNAVAILABLE","message":"tokens of service accounts cannot be verified now: try again later"}]}"#;
    assert_eq!(served.ask(USER, &web, PULL), (503, unverified.to_owned()));
    kubectl(
        &BARE,
        "create clusterrole registry-gateway --verb=create --resource=tokenreviews.authentication.k8s.io",
        NOTHING,
    )
    .unwrap();
    let binding = format!(
        "create clusterrolebinding registry-gateway --clusterrole=registry-gateway --serviceaccount={NAMESPACE}:gateway"
    );
    kubectl(&BARE, &binding, NOTHING).unwrap();
    wait_until("the right is in force", || served.ask(USER, &web, PULL).0 == 200);
    let claims = served.claims(USER, &web, "repository:team/app:pull,push,delete");
    assert_eq!(claims["sub"], format!("system:serviceaccount:{NAMESPACE}:web"));
    assert_eq!(claims["access"], json!([{"type": "repository", "name": "team/app", "actions": ["pull"]}]));

    let push = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1", "kind": "ImageRegistryAccount",
        "metadata": {"name": "push.team.web.1"},
        "spec": {"password": hash("horse"), "labels": {"accessMode": ["push"]}},
    });
    kubectl(&BARE, &format!("create --namespace={NAMESPACE} -f -"), &push).unwrap();
    let client = || Client::new("crane", served.port, &served.authority);
    let (pushes, pod) = (client(), client());
    let image = pod.image("team/app:1");
    pushes.log_in(("push.team.web.1", "horse")).unwrap();
    let layer = layer(pushes.home(), "content").display().to_string();
    pushes.run(&["append", "-f", &layer, "-t", &image]).unwrap();
    pod.log_in((USER, &web)).unwrap();
    assert_eq!(pod.run(&["digest", &image]).unwrap(), pushes.run(&["digest", &image]).unwrap());
    pod.run(&["pull", &image, "image.tar"]).unwrap();
    let denied = pod.run(&["copy", &image, &pod.image("team/other:1")]);
    assert!(!denied.ok && denied.err.contains("UNAUTHORIZED: authentication required"), "{denied:?}");

    let refuses = |token: &str| served.ask(USER, token, PULL) == (401, REFUSED.to_owned());
    assert!(refuses(&token("web", "other.test", Some("web-1"))));
    assert!(refuses(&forged(&web, "iss", &json!("https://other.test"))));
    assert!(refuses(&forged(&web, "exp", &json!(jiff::Timestamp::now().as_second() - 60))));
    assert!(refuses(&forged(&web, "sub", &json!(format!("system:serviceaccount:{NAMESPACE}:job")))));
    assert!(refuses("horse"));

    // What was verified less than a minute ago is still valid, so these tokens are seen for the first time.
    let tokens: Vec<_> = (0..20).map(|_| token("web", NAME, Some("web-1"))).collect();
    kubectl(&BARE, &format!("delete pod web-1 --namespace={NAMESPACE} --force --grace-period=0"), NOTHING)
        .unwrap();
    assert!(tokens.iter().any(|token| refuses(token)), "the Pod is gone, and its tokens are valid");
    let tokens: Vec<_> = (0..20).map(|_| token("job", NAME, None)).collect();
    kubectl(&BARE, &format!("delete serviceaccount job --namespace={NAMESPACE}"), NOTHING).unwrap();
    assert!(tokens.iter().any(|token| refuses(token)), "the account is gone, and its tokens are valid");
    let log = served.process.output();
    assert!(!log.contains(&web) && !log.contains("horse"), "{log}");
}
