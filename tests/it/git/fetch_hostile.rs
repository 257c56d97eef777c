//! The container that fetches sources, against malicious servers: no part of a Secret is sent elsewhere.

use std::sync::{Arc, Mutex};

use rstest::rstest;
use russh::keys::Algorithm;
use russh::keys::ssh_key::rand_core::UnwrapErr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::fetcher::{Pod, basic, complains, fetch};
use crate::harness::git::{new_key, text};
use crate::harness::git_servers::{ACCOUNT, Repository};

/// A server that receives credentials for itself redirects to another one.
#[rstest]
#[case::with_credentials(Some("basic"))]
#[case::without(None)]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_elsewhere_is_not_followed(#[case] auth: Option<&str>) {
    let code = Repository::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (first, second) = (Arc::clone(&heard), Arc::clone(&heard));
    let elsewhere = serve("127.0.0.2", move |request| {
        second.lock().unwrap().push(request);
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
            .to_owned()
    })
    .await;
    let url = serve("127.0.0.1", move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: http://{elsewhere}/r.git/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\n\r\n")
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{url}/r.git");
    let output =
        tokio::task::block_in_place(|| fetch(&url, auth, &code.id("main"), &basic(ACCOUNT.1), folder.path()));
    complains(
        &output,
        "The server redirects, which the build does not follow: put the final address into spec.url of the GitRepository",
    );
    assert!(first.lock().unwrap().is_empty(), "{:?}", first.lock().unwrap());
}

/// A server at an address that always sends the same answer. Returns its host and port.
async fn serve(address: &str, answer: impl Fn(String) -> String + Send + 'static) -> String {
    let listener = tokio::net::TcpListener::bind((address, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4000];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let answer = answer(String::from_utf8_lossy(&request[..length]).into_owned());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

/// A server refuses the key and requests a password.
#[tokio::test(flavor = "multi_thread")]
async fn the_passphrase_is_no_password() {
    let mine = new_key(Algorithm::Ed25519);
    let locked = mine.encrypt(&mut UnwrapErr(getrandom::SysRng), "my-Passphrase-77").unwrap();
    let asks = AsksForPasswords::default();
    let config =
        russh::server::Config { keys: vec![new_key(Algorithm::Ed25519)], ..russh::server::Config::default() };
    let (config, login) = (Arc::new(config), asks.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(session) = russh::server::run_stream(Arc::clone(&config), stream, login.clone()).await {
                let _ = session.await;
            }
        }
    });
    let secret = vec![("key", text(&locked).to_string()), ("password", "my-Passphrase-77".to_owned())];
    let folder = tempfile::tempdir().unwrap();
    let url = format!("ssh://git@127.0.0.1:{port}/r.git");
    let pod = Pod { secret, base_dir: "fn" };
    let output =
        tokio::task::block_in_place(|| fetch(&url, Some("key"), &"a".repeat(40), &pod, folder.path()));
    complains(&output, "Permission denied");
    let (keys, passwords) = asks.heard.lock().unwrap().clone();
    assert!(keys > 0, "the key was offered, so it was decrypted");
    assert_eq!(passwords, [""; 0]);
}

/// An SSH server that refuses every key, and records passwords.
#[derive(Clone, Default)]
struct AsksForPasswords {
    heard: Arc<Mutex<(usize, Vec<String>)>>,
}

impl russh::server::Handler for AsksForPasswords {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        _key: russh::server::VerifiedPublicKey<'_>,
    ) -> Result<russh::server::Auth, russh::Error> {
        self.heard.lock().unwrap().0 += 1;
        Ok(russh::server::Auth::reject())
    }

    async fn auth_password(
        &mut self,
        _user: &str,
        password: &str,
    ) -> Result<russh::server::Auth, russh::Error> {
        self.heard.lock().unwrap().1.push(password.to_owned());
        Ok(russh::server::Auth::reject())
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<russh::server::Response<'a>>,
    ) -> Result<russh::server::Auth, russh::Error> {
        let Some(response) = response else {
            let prompts = vec![("Password: ".into(), false)];
            return Ok(russh::server::Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: prompts.into(),
            });
        };
        let answers = response.map(|answer| String::from_utf8_lossy(&answer).into_owned());
        self.heard.lock().unwrap().1.extend(answers);
        Ok(russh::server::Auth::reject())
    }
}
