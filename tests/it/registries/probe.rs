//! Credentials are verified at real registries, and at malicious servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_openapi::ByteString;
use remote::registry::{Account, RegistryConfig, Verdict, probe as ask};
use serde_json::json;
use testenv::free_port;

use crate::harness::registry::{Auth, Registry, USER, content, on_loopback, push, serve};
use crate::harness::wait::wait_until;

#[test]
fn a_registry_takes_and_gives_images_for_the_right_password_alone() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = Registry::start(auth, "first");
        let image = format!("{}/a/b:1", registry.address());
        let config = |password: &str| registry.docker_config(password);
        let push = |config: &str| push(config, &image, "x");
        let refused = push(&config("wrong")).unwrap_err();
        assert!(refused.to_lowercase().contains("unauthorized"), "{refused}");
        assert!(push("{}").unwrap_err().to_lowercase().contains("unauthorized"));
        assert!(!registry.has(&image));
        push(&config("first")).unwrap();
        assert!(registry.has(&image), "{auth:?}");
        registry.set_password("second");
        wait_until("the old password is refused", || push(&config("first")).is_err());
        assert_eq!(content(&config("second"), &image), "x");
    }
}

async fn probe(account: &Account, timeout: Duration) -> Verdict {
    ask(account, &RegistryConfig { timeout, ..on_loopback() }).await
}

/// The account of a registry Secret.
fn account(address: &str, password: &str) -> Account {
    let texts =
        json!({"username": USER, "password": password, "registryAddress": format!("{address}/functions")});
    let texts = texts.as_object().unwrap().iter();
    let data = texts.map(|(key, text)| (key.clone(), ByteString(text.as_str().unwrap().into())));
    Account::of(data.collect(), &on_loopback()).unwrap()
}

#[tokio::test]
async fn credentials_are_tried_and_the_verdict_is_told() {
    let patience = Duration::from_secs(5);
    for auth in [Auth::Basic, Auth::Token] {
        let registry = Registry::start(auth, "right");
        let verdict =
            async |password: &str| probe(&account(&registry.address(), password), patience).await.to_string();
        assert_eq!(verdict("right").await, "accepted");
        assert_eq!(verdict("wrong").await, "refused: it answers 401 Unauthorized");
    }
    let port = free_port().unwrap();
    let verdict = probe(&account(&format!("127.0.0.1:{port}"), "x"), patience).await;
    assert_eq!(verdict.to_string(), "unreachable: no connection");
    let metadata = probe(&account("169.254.169.254:80", "x"), patience).await;
    assert_eq!(metadata.to_string(), "no registry: the controller never asks this address");
}

/// The answers of malicious servers, and the verdicts.
#[tokio::test]
async fn a_registry_that_sends_elsewhere_or_says_nothing_is_not_followed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let elsewhere = serve(axum::Router::new().fallback(async move || {
        counted.fetch_add(1, Ordering::SeqCst);
        "ok"
    }))
    .await;
    let redirect = async |to: &str| {
        let to = to.to_owned();
        let router = axum::Router::new().fallback(async move || axum::response::Redirect::temporary(&to));
        let verdict = probe(&account(&serve(router).await, "hush"), Duration::from_secs(5)).await;
        verdict.to_string()
    };
    let refused =
        "no registry: it answers 307 Temporary Redirect: a redirect, which the controller does not follow";
    assert_eq!(redirect(&format!("http://{elsewhere}/v2/")).await, refused);
    assert_eq!(
        redirect(&format!("http://{}/v2/", elsewhere.replace("127.0.0.1", "localhost"))).await,
        refused
    );

    let other = elsewhere.replace("127.0.0.1", "127.0.0.2");
    let challenge = format!("Bearer realm=\"http://{other}/token\"");
    let answer =
        (axum::http::StatusCode::UNAUTHORIZED, [(axum::http::header::WWW_AUTHENTICATE, challenge)], "");
    let router = axum::Router::new().fallback(async move || answer.clone());
    let verdict = probe(&account(&serve(router).await, "hush"), Duration::from_secs(5)).await;
    assert_eq!(verdict.to_string(), "no registry: it sends for a token without TLS");
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    let silent = serve(axum::Router::new().fallback(async || std::future::pending::<()>().await)).await;
    let verdict = probe(&account(&silent, "hush"), Duration::from_secs(1)).await;
    assert_eq!(verdict.to_string(), "unreachable: no answer within 1 s");
    let open = serve(axum::Router::new().fallback(async || "{}")).await;
    assert_eq!(probe(&account(&open, "hush"), Duration::from_secs(5)).await.to_string(), "accepted");
}
