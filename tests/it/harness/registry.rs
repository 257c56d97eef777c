//! Registries on loopback that require credentials, directly or through a token server, and a client that reads docker
//! configurations.

#[path = "registry/node.rs"] // a benchmark includes this file by its path
mod node;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use remote::registry::RegistryConfig;
use serde_json::json;
use tempfile::TempDir;
use testenv::{ControlPlane, Process, free_port};

pub use node::Node;

use crate::harness::command::{Printed, piped};

/// The folder of images, in that of a registry.
const IMAGES: &str = "images";
/// The only user.
pub const USER: &str = "builder";

/// How a registry authenticates users.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Auth {
    /// Not at all.
    Open,
    /// By HTTP basic authentication.
    Basic,
    /// By tokens from another server.
    Token,
}

/// A registry. Ends when dropped.
pub struct Registry {
    auth: Auth,
    folder: TempDir,
    host: &'static str,
    port: u16,
    /// The port of the token server, if there is one.
    tokens: u16,
    /// The processes; the registry is the last.
    processes: Mutex<Vec<Process>>,
}

impl Registry {
    /// On loopback.
    pub fn start(auth: Auth, password: &str) -> Self {
        Self::start_at("127.0.0.1", free_port().unwrap(), auth, password)
    }

    /// On the address of a host.
    pub fn start_at(host: &'static str, port: u16, auth: Auth, password: &str) -> Self {
        Self::start_with(host, port, auth, password, &json!({}))
    }

    /// With TLS, for which `tls` names the paths of `certificate` and `key`.
    pub fn start_with(
        host: &'static str,
        port: u16,
        auth: Auth,
        password: &str,
        tls: &serde_json::Value,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |file: &str| folder.path().join(file);
        let tokens = free_port().unwrap();
        let asks = match auth {
            Auth::Open => json!({}),
            Auth::Basic => json!({"htpasswd": {"realm": "tests", "path": path("accounts")}}),
            Auth::Token => {
                // By name: the client refuses bare addresses that a registry sends it to. On the host of the registry, which
                // Pods reach, too.
                let name = if host == "127.0.0.1" { "localhost" } else { host };
                let realm = format!("http://{name}:{tokens}/token");
                json!({"token": {"realm": realm, "service": "tests", "issuer": "tests", "jwks": path("keys")}})
            }
        };
        let configuration = json!({
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": path(IMAGES)}, "delete": {"enabled": true}},
            "http": {"addr": format!("{host}:{port}"), "tls": tls},
            "auth": asks,
        });
        std::fs::write(path("configuration.yaml"), configuration.to_string()).unwrap();
        let new = Self { auth, folder, host, port, tokens, processes: Mutex::default() };
        new.set_password(password);
        new.resume();
        new
    }

    /// With TLS, and a certificate of the authority of a control plane, which is returned, too, in PEM.
    pub fn start_with_tls(
        control_plane: &ControlPlane,
        host: &'static str,
        port: u16,
        auth: Auth,
        password: &str,
    ) -> (Self, String) {
        let [certificate, key] = control_plane.server_certificate(&[host]).unwrap();
        let tls = json!({"certificate": certificate, "key": key});
        let authority = std::fs::read_to_string(control_plane.folder().join("ca.crt")).unwrap();
        (Self::start_with(host, port, auth, password, &tls), authority)
    }

    /// Stops it; its images stay.
    pub fn stop(&self) {
        self.processes.lock().unwrap().clear();
    }

    /// Starts it again on the same port.
    pub fn resume(&self) {
        let path = |file: &str| self.folder.path().join(file);
        if self.auth == Auth::Token {
            // The keys of the previous token server, which the registry would read.
            let _ = std::fs::remove_file(path("keys"));
            let mut command = Command::new(tool("registry"));
            command.args(["tokens", &format!("{}:{}", self.host, self.tokens)]);
            command.arg(path("accounts")).arg(path("keys"));
            let mut process = Process::start(&command, &path("tokens.log")).unwrap();
            process.wait_until("keys are written", || path("keys").exists()).unwrap();
            self.processes.lock().unwrap().push(process);
        }
        let mut command = Command::new(tool("registry"));
        command.arg("serve").arg(path("configuration.yaml"));
        let mut process = Process::start(&command, &path("registry.log")).unwrap();
        let listens = || std::net::TcpStream::connect((self.host, self.port)).is_ok();
        process.wait_until("the registry listens", listens).unwrap();
        self.processes.lock().unwrap().push(process);
    }

    /// The folder of its images.
    pub fn images(&self) -> PathBuf {
        self.folder.path().join(IMAGES)
    }

    /// What it has logged since it was started or resumed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("registry.log")).unwrap()
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Sets the password; the previous one is no longer valid.
    pub fn set_password(&self, password: &str) {
        self.set_accounts(&[(USER, password)]);
    }

    /// Sets all accounts.
    pub fn set_accounts(&self, accounts: &[(&str, &str)]) {
        let line = |(user, password): &(&str, &str)| match self.auth {
            Auth::Basic => {
                let output =
                    Command::new(tool("registry")).args(["htpasswd", user, password]).output().unwrap();
                String::from_utf8(output.stdout).unwrap()
            }
            Auth::Open | Auth::Token => format!("{user}:{password}\n"),
        };
        let new = self.folder.path().join("new");
        std::fs::write(&new, accounts.iter().map(line).collect::<String>()).unwrap();
        std::fs::rename(new, self.folder.path().join("accounts")).unwrap();
    }

    /// Whether an image has been pushed, according to the files on disk.
    pub fn has(&self, image: &str) -> bool {
        let Some(path) = image.strip_prefix(&format!("{}/", self.address())) else { return false };
        // By the tag: other tests check the digest after it.
        let (repository, tag) = path.split('@').next().unwrap().rsplit_once(':').unwrap();
        let repositories = self.images().join("docker/registry/v2/repositories");
        repositories.join(repository).join("_manifests/tags").join(tag).join("current/link").exists()
    }

    /// A docker configuration with a password.
    pub fn docker_config(&self, password: &str) -> String {
        let auth = BASE64.encode(format!("{USER}:{password}"));
        json!({"auths": {(self.address()): {"auth": auth}}}).to_string()
    }

    /// The data of a registry Secret for it.
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

/// Runs the client with a docker configuration. Returns its output, or its error.
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

/// The client, with a docker configuration and an authority that it trusts. On a node it finds a registry in the cluster as the
/// node does.
pub fn trusting_crane(docker_config: &str, authority: &str, arguments: &[&str]) -> Printed {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.json"), docker_config).unwrap();
    std::fs::write(home.path().join("ca.crt"), authority).unwrap();
    let mut command = Command::new(tool("crane"));
    command.args(arguments).env("DOCKER_CONFIG", home.path());
    command.env("SSL_CERT_FILE", home.path().join("ca.crt"));
    piped(command, "")
}

/// Pushes an image with a handler.
pub fn push(docker_config: &str, image: &str, handler: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path(), handler).display().to_string();
    crane(docker_config, &["append", "--insecure", "-f", &layer, "-t", image])
}

/// The handler in an image, for anybody who may pull it; the client's error if it cannot be pulled.
pub fn content(docker_config: &str, image: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files.tar");
    if let Err(said) = crane(docker_config, &["export", "--insecure", image, &files.display().to_string()]) {
        return said;
    }
    let output = Command::new("tar").arg("-xOf").arg(files).arg("handler.js").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A layer of an image, with random bytes.
pub fn random_layer(folder: &Path, bytes: usize, random: &mut fastrand::Rng) -> String {
    let mut content = vec![0; bytes];
    random.fill(&mut content);
    layer(folder, content).display().to_string()
}

/// A layer of an image, with one file.
pub fn layer(folder: &Path, content: impl AsRef<[u8]>) -> PathBuf {
    std::fs::write(folder.join("handler.js"), content).unwrap();
    let layer = folder.join("layer.tar");
    let tar =
        Command::new("tar").args(["-cf", "layer.tar", "handler.js"]).current_dir(folder).status().unwrap();
    assert!(tar.success());
    layer
}

/// The configuration that allows registries on this machine.
pub fn on_loopback() -> RegistryConfig {
    let hosts = ["127.0.0.1", "localhost"].map(str::to_owned);
    RegistryConfig { plain_http: hosts.into(), ..RegistryConfig::default() }
}

/// Starts a server on loopback. Returns its host and port.
pub async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address.to_string()
}
