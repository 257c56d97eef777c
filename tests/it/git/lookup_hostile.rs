//! Look-ups on malicious servers and with malicious Secrets: redirects are not followed, and nothing takes long.

use std::time::{Duration, Instant};

use rstest::rstest;
use russh::keys::Algorithm;
use russh::keys::ssh_key::rand_core::UnwrapErr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::git::{asked, basic, key, new_key, text};
use crate::harness::git_servers::{ACCOUNT, Http, Repository, Ssh};

/// Another path on the same host is refused, too: the build would not follow the redirect.
#[rstest]
#[case::to_another_host("localhost", "http")]
#[case::to_the_same_host("127.0.0.1", "http")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_elsewhere_is_not_followed(#[case] host: &str, #[case] scheme: &str) {
    let repository = Repository::new();
    let server = Http::start(&repository, true).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    let there = server.url.replace("127.0.0.1", host).replace("http", scheme);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4000];
            let _ = stream.read(&mut request).await;
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: {there}/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let error = asked(&url, &basic(ACCOUNT.1), &["main"]).await.unwrap_err();
    assert_eq!(
        error,
        "the server answers 302 Found and redirects, which the controller does not follow: put the final address into spec.url of the GitRepository"
    );
    assert_eq!(server.asked(), 0);
}

/// 14 stars against a host of 60 zeros, which the resolver takes for this machine.
#[tokio::test]
async fn a_pattern_with_many_stars_holds_nobody_up() {
    let repository = Repository::new();
    let mine = new_key(Algorithm::Ed25519);
    let server = Ssh::start(&repository, new_key(Algorithm::Ed25519), mine.public_key(), 0).await;
    let host = format!("{}177.0.0.1", "0".repeat(60));
    let url = format!("ssh://git@{host}:{}/r.git", server.port);
    let other = new_key(Algorithm::Ed25519).public_key().to_openssh().unwrap();
    let known_hosts = format!("{}x {other}", "*0".repeat(14));
    let started = Instant::now();
    let error = asked(&url, &key(text(&mine), None, Some(&known_hosts)), &["main"]).await.unwrap_err();
    assert!(
        error.ends_with(&format!("of {host} is not known: put its line into known_hosts of the Secret")),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(1), "it took {:?}", started.elapsed());
}

/// On one thread, as in the controller: decoding a key holds up nothing else.
#[tokio::test]
async fn a_key_that_takes_long_to_decode_holds_nobody_up() {
    let locked =
        new_key(Algorithm::Ed25519).encrypt(&mut UnwrapErr(getrandom::SysRng), "open sesame").unwrap();
    let credentials = key(text(&locked), Some("shut"), None);
    let (mut ticks, mut longest) = (0, Duration::ZERO);
    let asking = asked("ssh://git@127.0.0.1:1/r.git", &credentials, &["main"]);
    tokio::pin!(asking);
    let error = loop {
        let since = Instant::now();
        tokio::select! {
            answer = &mut asking => break answer.unwrap_err(),
            () = tokio::time::sleep(Duration::from_millis(5)) => ticks += 1,
        }
        longest = longest.max(since.elapsed());
    };
    assert_eq!(
        error,
        "the key of the Secret cannot be read, or its passphrase under \"password\" is another one"
    );
    assert!(longest < Duration::from_millis(500), "{ticks} ticks, of which one took {longest:?}");
}

#[tokio::test]
async fn addresses_that_tell_secrets_are_not_asked_over_ssh() {
    let credentials = key(text(&new_key(Algorithm::Ed25519)), None, None);
    for host in ["169.254.169.254", "2852039166", "[fe80::1]", "[::ffff:a9fe:a9fe]"] {
        let error = asked(&format!("ssh://git@{host}/r.git"), &credentials, &["main"]).await.unwrap_err();
        assert_eq!(error, "the controller never asks this address", "{host}");
    }
}
