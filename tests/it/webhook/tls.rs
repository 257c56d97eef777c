//! Who may connect, by which protocol, and certificates that change while they are served.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use policy::config::Installed;
use process::https;
use process::https::tls::{Clients, TlsFiles, provider};
use rstest::rstest;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use serverless_webhook::admission::app;
use serverless_webhook::certificates::dev_certs;
use serverless_webhook::metrics::Metrics;
use serverless_webhook::reload;
use serverless_webhook::rules::Rules;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::mounted::Mounted;
use crate::harness::reviews::{ALLOWED, PATH, REVIEW};
use crate::harness::server::{Limits, Server};
use crate::harness::tls::{client_certificate, client_with, write_certs};
use crate::harness::wait::eventually;

#[tokio::test]
async fn speaks_http_1_1_alone() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let refused = server.connect_as(client.clone()).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.to_string(), "received fatal alert: NoApplicationProtocol");
    client.alpn_protocols.push(b"http/1.1".to_vec());
    let answer = server.connect_as(client).await.unwrap().review(PATH, REVIEW).await.unwrap();
    assert_eq!(answer.body, ALLOWED);
}

#[rstest]
#[case(&TLS12)]
#[case(&TLS13)]
#[tokio::test]
async fn speaks_tls_1_2_and_1_3(#[case] version: &'static rustls::SupportedProtocolVersion) {
    let server = Server::start(Limits::default()).await;
    let mut roots = RootCertStore::empty();
    let authority =
        rustls::pki_types::CertificateDer::from_pem_slice(server.certs.authority.certificate.as_bytes())
            .unwrap();
    roots.add(authority).unwrap();
    let client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    assert_eq!(server.connect_as(client).await.unwrap().review(PATH, REVIEW).await.unwrap().status, 200);
}

#[rstest]
#[case::tls_1_1([0x03, 0x02], ALERT)]
// The same with nothing but the version changed is answered, so it is the version that is refused.
#[case::tls_1_2([0x03, 0x03], HANDSHAKE)]
#[tokio::test]
async fn refuses_tls_1_1(#[case] version: [u8; 2], #[case] record: u8) {
    let server = Server::start(Limits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut hello = version.to_vec();
    // Random, no session, ECDHE-ECDSA-AES128-GCM-SHA256, no compression.
    hello.extend([7; 32]);
    hello.extend([0x00, 0x00, 0x02, 0xc0, 0x2b, 0x01, 0x00]);
    // P-256 signatures, the group P-256, uncompressed points.
    hello.extend([0x00, 0x16, 0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03]);
    hello.extend([0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, 0x00, 0x0b, 0x00, 0x02, 0x01, 0x00]);
    let length = u8::try_from(hello.len()).unwrap();
    stream.write_all(&[0x16, 0x03, 0x01, 0x00, length + 4, 0x01, 0x00, 0x00, length]).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), record);
}

/// TLS record types.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

#[rstest]
#[case::any_name(&[], "kube-apiserver", true)]
#[case::common_name(&["kube-apiserver"], "kube-apiserver", true)]
#[case::alternative_name(&["other", "alternative.example.com"], "somebody", true)]
#[case::other_name(&["kube-apiserver"], "somebody", false)]
#[case::name_is_a_prefix(&["kube-apiserver"], "kube-apiserver2", false)]
#[tokio::test]
async fn only_named_clients_get_in(#[case] allowed: &[&str], #[case] name: &str, #[case] gets_in: bool) {
    let (authority, certificate, key) = client_certificate(name);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("client-ca.crt"), authority).unwrap();
    let configure = |files: &mut TlsFiles| {
        files.clients.authority = Some(folder.path().join("client-ca.crt"));
        files.clients.names = allowed.iter().map(|&name| name.to_owned()).collect();
    };
    let server = Server::start_with(Limits::default(), configure, app::router).await;
    let known = client_with(&server.certs.authority.certificate, &certificate, &key);
    assert_eq!(answers(&server, known).await, gets_in);

    let (_, certificate, key) = client_certificate(name);
    let of_another_authority = client_with(&server.certs.authority.certificate, &certificate, &key);
    assert!(!answers(&server, of_another_authority).await);
    assert!(!answers(&server, server.client()).await);
    let refused = if gets_in { 2.0 } else { 3.0 };
    eventually("counted", || {
        server.metric("serverless_webhook_tls_handshake_failures_total{reason=\"refused\"}") == refused
    })
    .await;
}

/// Whether a client gets an answer. In TLS 1.3 a client learns only afterwards that it was refused.
async fn answers(server: &Server, client: ClientConfig) -> bool {
    match server.connect_as(client).await {
        Ok(mut connection) => {
            connection.review(PATH, REVIEW).await.is_some_and(|answer| answer.status == 200)
        }
        Err(_) => false,
    }
}

/// A certificate as `openssl x509 -req` makes it without extensions.
const VERSION_1: &str = "-----BEGIN CERTIFICATE-----
MIIBFjCBvQIUTSJR/qE1A6XZiZBssGojExAK4qQwCgYIKoZIzj0EAwIwDjEMMAoG
A1UEAwwDb2xkMB4XDTI2MTEyNjExMTg0NFoXDTM2MTEyMzExMTg0NFowDjEMMAoG
A1UEAwwDb2xkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbCYTJGcNOXUpiNo0
wlZGyZvtTclnemLmML/v1JkMGRaXe3/1tb7rvxjKZ11bYP82vfDxjW4DmEQ5FZcw
4hJrlTAKBggqhkjOPQQDAgNIADBFAiBe66bYgRjwibhCmzgHZTDQ5yZR5MDCw/Hj
MjgdYCTFkQIhAKPFH9m9n1nXT+PBthyidpQ2ZzhOp8ZMUea/xlE6pM3P
-----END CERTIFICATE-----
";

#[test]
fn files_that_cannot_be_served_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (certs, other) = (dev_certs::make("a").unwrap(), dev_certs::make("b").unwrap());
    let mut files = write_certs(folder.path(), &certs);
    let problem = |files: &TlsFiles| {
        let built = files.read().and_then(|content| files.build(&content));
        built.unwrap_err().to_string().replace(folder.path().to_str().unwrap(), "DIR")
    };
    std::fs::write(&files.key, other.server.key.as_bytes()).unwrap();
    assert_eq!(problem(&files), "--tls-private-key-file DIR/tls.key: it belongs to another certificate");
    std::fs::write(&files.certificate, VERSION_1).unwrap();
    assert_eq!(
        problem(&files),
        "--tls-cert-file DIR/tls.crt: it is a certificate of X.509 version 1, and clients accept version 3 alone: issue it with extensions, such as subjectAltName"
    );
    std::fs::write(&files.certificate, certs.server.certificate.as_bytes()).unwrap();
    std::fs::write(&files.key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    assert_eq!(
        problem(&files),
        "--tls-private-key-file DIR/tls.key: it is of a kind that is not supported: use RSA of at least 2048 bits, ECDSA or Ed25519"
    );
    std::fs::write(&files.key, "").unwrap();
    assert_eq!(problem(&files), "--tls-private-key-file DIR/tls.key: it holds no private key in PEM");
    std::fs::write(&files.certificate, "").unwrap();
    assert_eq!(problem(&files), "--tls-cert-file DIR/tls.crt: it holds no certificate in PEM");
    files.certificate = folder.path().join("none");
    assert_eq!(problem(&files), "--tls-cert-file DIR/none: No such file or directory (os error 2)");
}

#[tokio::test]
async fn a_mounted_secret_that_is_swapped_twice_is_served_each_time_and_bad_pairs_are_kept_out() {
    let certs: Vec<_> = (0..4).map(|_| dev_certs::make("kyma-system").unwrap()).collect();
    let mut mounted = Mounted::new(&certs[0].server.certificate, &certs[0].server.key);
    let files =
        TlsFiles { certificate: mounted.certificate(), key: mounted.key(), clients: Clients::default() };
    let server = Server::start_with(Limits::default(), |own| *own = files.clone(), app::router).await;
    let not_after = Arc::new(ArcSwap::from_pointee(SystemTime::UNIX_EPOCH));
    let content = files.read().unwrap();
    let metrics = Arc::clone(&server.metrics);
    let every = Duration::from_millis(20);
    tokio::spawn(https::reload::certificate(
        files,
        content,
        Arc::clone(&server.tls),
        Arc::clone(&not_after),
        every,
        move |new| metrics.new_certificate(new),
    ));

    let is_served = async |index: usize| {
        let client = crate::harness::tls::client(&certs[index].authority.certificate);
        server.connect_as(client).await.is_ok()
    };
    let reloads = |result: &str| {
        let name = format!("serverless_webhook_reloads_total{{file=\"certificate\",result=\"{result}\"}}");
        if server.metrics.render().contains(&name) { server.metric(&name) } else { 0.0 }
    };
    assert!(is_served(0).await);
    mounted.swap(&certs[1].server.certificate, &certs[1].server.key);
    eventually("first swap", || reloads("success") == 1.0).await;
    assert!(is_served(1).await && !is_served(0).await);
    // A key that does not fit, and then a certificate that is cut short: the old pair stays, and it is said once.
    mounted.swap(&certs[1].server.certificate, &certs[2].server.key);
    eventually("bad key", || reloads("failure") == 1.0).await;
    mounted.swap(&certs[2].server.certificate[..100], &certs[2].server.key);
    eventually("bad certificate", || reloads("failure") == 2.0).await;
    // Further looks at the same pair report no further failure.
    tokio::time::sleep(every * 5).await;
    assert_eq!(reloads("failure"), 2.0);
    assert!(is_served(1).await);
    mounted.swap(&certs[3].server.certificate, &certs[3].server.key);
    eventually("second swap", || reloads("success") == 2.0).await;
    assert!(is_served(3).await);
    assert!(**not_after.load() > SystemTime::now());
    assert!(server.metric("serverless_webhook_certificate_not_after_seconds") > 1.7e9);
}

#[tokio::test]
async fn configuration_that_changes_is_in_force_and_bad_one_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhook.yaml");
    let text = "defaultRuntime: nodejs10\n";
    std::fs::write(&path, text).unwrap();
    let config = serverless_webhook::config::load(Some(&path), |_| None).unwrap();
    let rules = Arc::new(Rules::new(config, Installed::default()));
    let config = rules.in_force();
    let metrics = Arc::new(Metrics::new());
    metrics.configuration(true);
    let every = Duration::from_millis(20);
    tokio::spawn(reload::configuration(path.clone(), text.to_owned(), rules, Arc::clone(&metrics), every));
    let runtime = || config.load().default_runtime.clone();
    let shows = |line: &str| metrics.render().lines().any(|known| known == line);

    std::fs::write(&path, "defaultRuntime: python38\n").unwrap();
    eventually("changed", || runtime() == "python38").await;
    assert!(shows("serverless_webhook_configuration_generation 2"));
    std::fs::write(&path, "defaultRuntime: cobol\n").unwrap();
    eventually("kept out", || shows("serverless_webhook_configuration_last_reload_successful 0")).await;
    assert_eq!(runtime(), "python38");
    std::fs::remove_file(&path).unwrap();
    eventually("unreadable", || {
        shows("serverless_webhook_reloads_total{file=\"configuration\",result=\"failure\"} 2")
    })
    .await;
    assert_eq!(runtime(), "python38");
    std::fs::write(&path, "defaultRuntime: nodejs12\n").unwrap();
    eventually("restored", || runtime() == "nodejs12").await;
    assert!(shows("serverless_webhook_configuration_last_reload_successful 1"));
}
