//! Registries on loopback that ask for credentials, by themselves or through a server of tokens, and the client that reads docker
//! configurations.

mod addresses;
mod node;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use k8s_openapi::ByteString;
use remote::registry::{Account, RegistryConfig, Verdict, probe as ask};

use serde_json::json;
use tempfile::TempDir;
use testenv::{Process, free_port};

use crate::support::wait_until;

pub use node::Node;

/// The only user.
pub const USER: &str = "builder";

/// How a registry asks who there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Auth {
    /// By HTTP basic authentication.
    Basic,
    /// By tokens that another server gives out.
    Token,
}

/// A registry. Ends when dropped.
pub struct Registry {
    auth: Auth,
    folder: TempDir,
    port: u16,
    /// Where the server of tokens is, if there is one.
    tokens: u16,
    /// The registry last.
    processes: Mutex<Vec<Process>>,
}

impl Registry {
    pub fn start(auth: Auth, password: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |file: &str| folder.path().join(file);
        let (port, tokens) = (free_port().unwrap(), free_port().unwrap());
        let asks = match auth {
            Auth::Basic => json!({"htpasswd": {"realm": "tests", "path": path("accounts")}}),
            Auth::Token => {
                // By its name: the client goes to no address that a registry sends it to.
                let realm = format!("http://localhost:{tokens}/token");
                json!({"token": {"realm": realm, "service": "tests", "issuer": "tests", "jwks": path("keys")}})
            }
        };
        let configuration = json!({
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": path("images")}},
            "http": {"addr": format!("127.0.0.1:{port}")},
            "auth": asks,
        });
        std::fs::write(path("configuration.yaml"), configuration.to_string()).unwrap();
        let new = Self { auth, folder, port, tokens, processes: Mutex::default() };
        new.set_password(password);
        new.resume();
        new
    }

    /// Ends it; its images stay.
    pub fn stop(&self) {
        self.processes.lock().unwrap().clear();
    }

    /// Starts it where it was.
    pub fn resume(&self) {
        let path = |file: &str| self.folder.path().join(file);
        if self.auth == Auth::Token {
            // Those of the one before, which the registry would read.
            let _ = std::fs::remove_file(path("keys"));
            let mut command = Command::new(tool("registry"));
            command.args(["tokens", &format!("127.0.0.1:{}", self.tokens)]);
            command.arg(path("accounts")).arg(path("keys"));
            let mut process = Process::start(&command, &path("tokens.log")).unwrap();
            process.wait_until("keys are written", || path("keys").exists()).unwrap();
            self.processes.lock().unwrap().push(process);
        }
        let mut command = Command::new(tool("registry"));
        command.arg("serve").arg(path("configuration.yaml"));
        let mut process = Process::start(&command, &path("registry.log")).unwrap();
        let listens = || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        process.wait_until("the registry listens", listens).unwrap();
        self.processes.lock().unwrap().push(process);
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// From now on this password counts, and the one before does not.
    pub fn set_password(&self, password: &str) {
        let line = match self.auth {
            Auth::Basic => {
                let output =
                    Command::new(tool("registry")).args(["htpasswd", USER, password]).output().unwrap();
                String::from_utf8(output.stdout).unwrap()
            }
            Auth::Token => format!("{USER}:{password}\n"),
        };
        let new = self.folder.path().join("new");
        std::fs::write(&new, line).unwrap();
        std::fs::rename(new, self.folder.path().join("accounts")).unwrap();
    }

    /// Whether an image has been pushed: by what is on disk, not by asking.
    pub fn has(&self, image: &str) -> bool {
        let Some(path) = image.strip_prefix(&format!("{}/", self.address())) else { return false };
        // By the tag: what is behind it, its digest, is for the tests of images that move.
        let (repository, tag) = path.split('@').next().unwrap().rsplit_once(':').unwrap();
        let repositories = self.folder.path().join("images/docker/registry/v2/repositories");
        repositories.join(repository).join("_manifests/tags").join(tag).join("current/link").exists()
    }

    /// A docker configuration with a password.
    pub fn docker_config(&self, password: &str) -> String {
        let auth = BASE64.encode(format!("{USER}:{password}"));
        json!({"auths": {(self.address()): {"auth": auth}}}).to_string()
    }

    /// The texts of a registry Secret for it.
    pub fn secret(&self, password: &str) -> serde_json::Value {
        let address = self.address();
        json!({"username": USER, "password": password, "serverAddress": address, "registryAddress": format!("{address}/functions")})
    }
}

/// A program of `make registry`.
pub fn tool(name: &str) -> PathBuf {
    let path = testenv::root().join("target/registry/current").join(name);
    assert!(path.exists(), "{} is not there: build it with `make registry`", path.display());
    path
}

/// Runs the client with a docker configuration; otherwise what it says.
pub fn crane(docker_config: &str, arguments: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), docker_config).unwrap();
    let output = Command::new(tool("crane"))
        .args(arguments)
        .env("DOCKER_CONFIG", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Pushes an image with a handler.
pub fn push(docker_config: &str, image: &str, handler: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path(), handler).display().to_string();
    crane(docker_config, &["append", "-f", &layer, "-t", image])
}

/// The handler in an image, as whoever may pull it finds it; what the client says if it cannot be pulled.
pub fn content(docker_config: &str, image: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files.tar");
    if let Err(said) = crane(docker_config, &["export", image, &files.display().to_string()]) {
        return said;
    }
    let output = Command::new("tar").arg("-xOf").arg(files).arg("handler.js").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A layer of an image, with one file.
fn layer(folder: &Path, text: &str) -> PathBuf {
    std::fs::write(folder.join("handler.js"), text).unwrap();
    let layer = folder.join("layer.tar");
    let tar =
        Command::new("tar").args(["-cf", "layer.tar", "handler.js"]).current_dir(folder).status().unwrap();
    assert!(tar.success());
    layer
}

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

/// The configuration by which registries on this machine are asked.
pub fn on_loopback() -> RegistryConfig {
    let hosts = ["127.0.0.1", "localhost"].map(str::to_owned);
    RegistryConfig { plain_http: hosts.into(), ..RegistryConfig::default() }
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
    assert_eq!(verdict.to_string(), "unreachable: it cannot be connected to");
    let metadata = probe(&account("169.254.169.254:80", "x"), patience).await;
    assert_eq!(metadata.to_string(), "no registry: this address is not asked");
}

/// What a server answers that means harm, and what is made of it.
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
        "no registry: it answers 307 Temporary Redirect, and sends elsewhere, which is not followed";
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

/// A server on loopback: its host and port.
async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address.to_string()
}
