//! Look-ups on real Git servers on loopback, and on malicious servers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use remote::git::{Credentials, GitConfig, HostKeys, Resolution, ask};
use rstest::rstest;
use russh::keys::Algorithm;
use russh::keys::ssh_key::rand_core::UnwrapErr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::harness::git::{asked, basic, config, key, new_key, text};
use crate::harness::git_servers::{ACCOUNT, Daemon, Http, Repository, Ssh};

/// Checks a server's answers about the references that all repositories have.
async fn answers_all(url: &str, credentials: &Credentials, repository: &Repository) {
    let main = repository.id("main");
    let names = ["main", "feature/x", "light", "v1", "x", "MAIN", "missing"];
    let said = asked(url, credentials, &names).await.unwrap();
    for name in ["main", "feature/x", "light", "v1"] {
        assert_eq!(said.references[name], Resolution::Commit(main.clone()), "{name}");
    }
    for name in ["x", "MAIN", "missing"] {
        assert_eq!(said.references[name], Resolution::Missing, "{name}");
    }
}

#[rstest]
#[case::version_2(true)]
#[case::version_0(false)]
#[tokio::test(flavor = "multi_thread")]
async fn over_http(#[case] protocol_2: bool) {
    let repository = Repository::new();
    let server = Http::start_with(&repository, false, protocol_2).await;
    answers_all(&server.url, &Credentials::None, &repository).await;
    answers_all(&format!("{}/", server.url), &Credentials::None, &repository).await;
    let error =
        asked(&server.url.replace("r.git", "s.git"), &Credentials::None, &["main"]).await.unwrap_err();
    assert_eq!(
        error,
        "the server has no such repository, or these credentials may not read it: 404 Not Found"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_with_an_account() {
    let repository = Repository::new();
    let server = Http::start(&repository, true).await;
    answers_all(&server.url, &basic(ACCOUNT.1), &repository).await;
    for credentials in [Credentials::None, basic("wrong")] {
        let error = asked(&server.url, &credentials, &["main"]).await.unwrap_err();
        assert_eq!(error, "the server refuses the credentials: 401 Unauthorized");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_git_protocol() {
    let repository = Repository::new();
    let server = Daemon::start(&repository);
    answers_all(&server.url, &Credentials::None, &repository).await;
    let error =
        asked(&server.url.replace("r.git", "s.git"), &Credentials::None, &["main"]).await.unwrap_err();
    assert!(
        error.starts_with("the server has no such repository, or these credentials may not read it"),
        "{error}"
    );
}

#[rstest]
#[case::ed25519(Algorithm::Ed25519)]
#[case::rsa(Algorithm::Rsa { hash: None })]
#[tokio::test(flavor = "multi_thread")]
async fn over_ssh_with_a_key(#[case] algorithm: Algorithm) {
    let repository = Repository::new();
    let mine = new_key(algorithm);
    let server = Ssh::start(&repository, new_key(Algorithm::Ed25519), mine.public_key(), 0).await;
    answers_all(&server.url, &key(text(&mine), None, Some(&server.known_hosts)), &repository).await;
    let other = new_key(Algorithm::Ed25519);
    let error =
        asked(&server.url, &key(text(&other), None, Some(&server.known_hosts)), &["main"]).await.unwrap_err();
    assert_eq!(error, "the server refuses the credentials");
    let gone = server.url.replace("r.git", "s.git");
    let error = asked(&gone, &key(text(&mine), None, None), &["main"]).await.unwrap_err();
    assert!(
        error.starts_with("the server has no such repository, or these credentials may not read it: "),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn over_ssh_with_a_passphrase() {
    let repository = Repository::new();
    let mine = new_key(Algorithm::Ed25519);
    let server = Ssh::start(&repository, new_key(Algorithm::Ed25519), mine.public_key(), 0).await;
    let locked = mine.encrypt(&mut UnwrapErr(getrandom::SysRng), "open sesame").unwrap();
    let locked = || text(&locked);
    answers_all(&server.url, &key(locked(), Some("open sesame"), None), &repository).await;
    for (passphrase, expected) in [
        (None, "the key of the Secret is encrypted: put its passphrase under \"password\""),
        (
            Some("shut"),
            "the key of the Secret cannot be read, or its passphrase under \"password\" is another one",
        ),
    ] {
        let error = asked(&server.url, &key(locked(), passphrase, None), &["main"]).await.unwrap_err();
        assert_eq!(error, expected);
    }
    let error = asked(&server.url, &key(Zeroizing::new("no key".to_owned()), None, None), &["main"]).await;
    assert_eq!(
        error.unwrap_err(),
        "the key of the Secret cannot be read: it must be a private key as OpenSSH or PEM"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_known_by_its_key() {
    let repository = Repository::new();
    let (mine, theirs) = (new_key(Algorithm::Ed25519), new_key(Algorithm::Ed25519));
    let server = Ssh::start(&repository, theirs.clone(), mine.public_key(), 0).await;
    // The first key is accepted, and returned to be recorded.
    let said = asked(&server.url, &key(text(&mine), None, None), &["main"]).await.unwrap();
    assert_eq!(said.new_host_key.as_deref(), Some(server.known_hosts.as_str()));
    let recorded = |recorded: &str| Credentials::Key {
        key: text(&mine),
        passphrase: None,
        known_hosts: None,
        recorded: recorded.to_owned(),
    };
    let said = asked(&server.url, &recorded(&server.known_hosts), &["main"]).await.unwrap();
    assert_eq!(said.new_host_key, None);

    // Another key is refused, whether the first one is recorded or in the Secret.
    let fingerprint = theirs.public_key().fingerprint(russh::keys::HashAlg::Sha256);
    let other = new_key(Algorithm::Ed25519).public_key().to_openssh().unwrap();
    let wrong = format!("[127.0.0.1]:{} {other}", server.port);
    let expected = format!(
        "127.0.0.1 shows another host key than is known, {fingerprint}: if that is right, take the old one out of known_hosts of the Secret, or out of annotation serverless.kyma-project.io/host-keys of the GitRepository"
    );
    for credentials in [recorded(&wrong), key(text(&mine), None, Some(&wrong))] {
        assert_eq!(asked(&server.url, &credentials, &["main"]).await.unwrap_err(), expected);
    }
    // If host keys are in the Secret, or must be, an unknown one is never trusted.
    let unknown = format!(
        "the host key {fingerprint} of 127.0.0.1 is not known: put its line into known_hosts of the Secret"
    );
    let error = asked(&server.url, &key(text(&mine), None, Some("")), &["main"]).await.unwrap_err();
    assert_eq!(error, unknown);
    let strict = GitConfig { host_keys: HostKeys::Strict, ..config() };
    let references = BTreeSet::from(["main".to_owned()]);
    let error = ask(&server.url, &key(text(&mine), None, None), &references, &strict).await.unwrap_err();
    assert_eq!(error.to_string(), unknown);
}

#[rstest]
#[case::http("http")]
#[case::git("git")]
#[case::ssh("ssh")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_not_waited_for(#[case] scheme: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{scheme}://{}/r.git", listener.local_addr().unwrap());
    let config = GitConfig { timeout: Duration::from_secs(1), ..GitConfig::default() };
    let credentials =
        if scheme == "ssh" { key(text(&new_key(Algorithm::Ed25519)), None, None) } else { Credentials::None };
    let started = Instant::now();
    let error = ask(&url, &credentials, &BTreeSet::from(["main".to_owned()]), &config).await.unwrap_err();
    assert_eq!(error.to_string(), "no answer within 1 s");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_stop_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1000];
                let length = stream.read(&mut request).await.unwrap();
                if request[..length].starts_with(b"GET") {
                    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n";
                    stream.write_all(head).await.unwrap();
                }
                let line = format!("0041{} refs/heads/x{:07}\n", "a".repeat(40), 1);
                while stream.write_all(line.repeat(100).as_bytes()).await.is_ok() {}
            });
        }
    });
    let config = GitConfig { max_bytes: 100_000, ..config() };
    for scheme in ["http", "git"] {
        let url = format!("{scheme}://{address}/r.git");
        let references = BTreeSet::from(["main".to_owned()]);
        let error = ask(&url, &Credentials::None, &references, &config).await.unwrap_err();
        assert_eq!(error.to_string(), "the answer is larger than 100000 bytes");
    }
}

#[rstest]
#[case::nobody_there(
    "http://127.0.0.1:1/r.git",
    "the server cannot be reached: Connection refused (os error 111)"
)]
#[case::metadata("http://169.254.169.254/r.git", "the controller never asks this address")]
#[case::metadata_as_a_number("http://2852039166/r.git", "the controller never asks this address")]
#[case::metadata_over_git("git://169.254.169.254/r.git", "the controller never asks this address")]
#[case::this_network("http://0.0.0.0:1/r.git", "the controller never asks this address")]
#[case::query(
    "http://127.0.0.1:1/any/path?q=1&y=",
    "spec.url of the GitRepository must not have a query or a fragment: put credentials into a Secret and name it in spec.auth.secretName"
)]
#[case::suffix(
    "http://127.0.0.1:1/any/path",
    "spec.url of the GitRepository must end with .git, unless the installation sets gitUrls: lenient"
)]
#[case::file(
    "file:///etc/passwd",
    "spec.url of the GitRepository must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"
)]
#[case::command(
    "ext::sh -c id",
    "spec.url of the GitRepository must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"
)]
#[case::option(
    "ssh://-oProxyCommand=id/r.git",
    "spec.url of the GitRepository host, user and path must not start with '-'"
)]
#[case::any_path_and_query(
    "http://127.0.0.1:1/any/path?q=1&y=",
    "spec.url of the GitRepository must not have a query or a fragment: put credentials into a Secret and name it in spec.auth.secretName"
)]
#[case::port(
    "http://127.0.0.1:99999/x",
    "spec.url of the GitRepository must name a host, with a port between 1 and 65535 if any, as in ssh://git@host:22/path.git or git@host:path.git"
)]
#[case::encoded_option(
    "ssh://git@127.0.0.1:1/%2d%2dx.git",
    "spec.url of the GitRepository host, user and path must not start with '-'"
)]
#[case::ssh_without_key(
    "ssh://git@127.0.0.1:1/r.git",
    "a repository over SSH is read with spec.auth.type \"key\""
)]
#[tokio::test]
async fn an_address_that_leads_nowhere_is_told(#[case] url: &str, #[case] expected: &str) {
    assert_eq!(asked(url, &Credentials::None, &["main"]).await.unwrap_err(), expected);
}
