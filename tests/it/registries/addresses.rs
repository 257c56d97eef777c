//! Which registry addresses are contacted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_openapi::ByteString;
use remote::registry::{Account, RegistryConfig, probe};

use crate::harness::registry::{on_loopback, serve};

/// The author of a Secret chooses the address: nothing on this machine is contacted, unless the configuration allows
/// it.
#[tokio::test]
async fn registries_on_this_machine_are_asked_only_if_they_are_named() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let address = serve(axum::Router::new().fallback(async move || {
        counted.fetch_add(1, Ordering::SeqCst);
        "{}"
    }))
    .await;
    let port = address.rsplit_once(':').unwrap().1;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let by_name = format!("localhost:{}", listener.local_addr().unwrap().port());
    let unnamed = RegistryConfig::default();
    let verdict = async |address: &str, config: &RegistryConfig| {
        let texts = [("username", "u"), ("password", "hush"), ("registryAddress", address)];
        let data = texts.map(|(key, text)| (key.to_owned(), ByteString(text.into())));
        match Account::of(data.into(), config) {
            Ok(account) => probe(&account, config).await.to_string(),
            Err(error) => error.to_string(),
        }
    };
    for local in
        [address.as_str(), &by_name, "[::1]:5000", "[::ffff:7f00:1]:5000", "0x7f.1:5000", "169.254.169.254"]
    {
        assert_eq!(
            verdict(local, &unnamed).await,
            "no registry: the controller never asks this address",
            "{local}"
        );
    }
    let connected = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(connected.is_err(), "nobody has connected");
    // A text that becomes another path, and switches off TLS.
    let steered = verdict(&format!(r"localhost:{port}\_shutdown\now?x.local"), &on_loopback()).await;
    assert!(steered.starts_with("registryAddress must "), "{steered}");
    let steered = verdict(r"user:pw@host\q?.local", &on_loopback()).await;
    assert!(steered.starts_with("registryAddress must ") && !steered.contains("pw"), "{steered}");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(verdict(&address, &on_loopback()).await, "accepted");
}
