//! A pull-through cache as it runs in a Pod: distribution in proxy mode, and `serverless-registry cache` in front of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use serverless_webhook::certificates::dev_certs;
use tempfile::TempDir;
use testenv::{Process, free_port};

use crate::harness::call::call;
use crate::harness::client::{Client, Login};
use crate::harness::cluster::{BARE, NOTHING, kubectl};
use crate::harness::command::{Printed, piped};
use crate::harness::guarded::{NAME, exchange, token_authority};
use crate::harness::programs::program;
use crate::harness::registry::tool;
use crate::harness::tls::write_certs;

/// The Secret that the controller would write.
const SECRET: &str = "proven";
/// The credential helper of the registry.
const HELPER: &str = "docker-credential-cache";

/// How a cache is set up.
pub struct Setup<'a> {
    /// `http://host:port` or `https://host:port` of the upstream.
    pub remote: String,
    /// The authority of the upstream, in PEM.
    pub authority: Option<&'a str>,
    /// Whether clients need tokens, with more flags.
    pub authorize: Option<&'a [&'a str]>,
    /// Whether clients come by HTTPS.
    pub tls: bool,
    /// A namespace of its own with the Secret of the credentials.
    pub namespace: Option<&'a str>,
    pub flags: &'a [&'a str],
}

impl Setup<'_> {
    /// An open cache with TLS of an upstream that needs no credentials.
    pub fn of(remote: String) -> Self {
        Self { remote, authority: None, authorize: None, tls: true, namespace: None, flags: &[] }
    }
}

/// The cache. Ends when dropped.
pub struct Cached {
    pub gateway: Process,
    pub port: u16,
    pub admin: u16,
    /// The authority of its certificate.
    pub authority: String,
    upstream: u16,
    debug: u16,
    /// How the gateway is started.
    command: Command,
    /// The registry, which is killed when it is dropped.
    pub registry: Option<Process>,
    namespace: Option<String>,
    has_tls: bool,
    folder: TempDir,
}

impl Cached {
    /// Starts it. The gateway may not be ready: see [`Self::is_ready`].
    pub fn start(setup: &Setup<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certs = dev_certs::make("kyma-system").unwrap();
        write_certs(folder.path(), &certs);
        token_authority(&folder);
        let [port, admin, upstream, debug] = [(); 4].map(|()| free_port().unwrap());
        let ports = Ports { port, admin, upstream, debug };
        if let Some(pem) = setup.authority {
            std::fs::write(folder.path().join("upstream.crt"), pem).unwrap();
        }
        if let Some(namespace) = setup.namespace {
            kubectl(&BARE, &format!("create namespace {namespace}"), NOTHING).unwrap();
            let mut install = Command::new(program("serverless-registry"));
            install.args(["credentials", "install"]).arg(folder.path().join(HELPER));
            piped(install, "").unwrap();
        }
        let configuration = configuration(setup, &folder, ports);
        std::fs::write(folder.path().join("configuration.yaml"), configuration.to_string()).unwrap();
        let command = gateway(setup, &folder, ports);
        let mut new = Self {
            gateway: start_gateway(&command, admin, &folder),
            port,
            admin,
            authority: certs.authority.certificate,
            upstream,
            debug,
            command,
            registry: None,
            namespace: setup.namespace.map(str::to_owned),
            has_tls: setup.tls,
            folder,
        };
        new.start_registry();
        new
    }

    /// Starts the gateway again.
    pub fn start_gateway(&mut self) {
        self.gateway.signal("KILL").unwrap();
        self.gateway.wait().unwrap();
        self.gateway = start_gateway(&self.command, self.admin, &self.folder);
    }

    /// Starts the registry, again if it runs.
    pub fn start_registry(&mut self) {
        self.registry = None;
        let path = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(tool("registry"));
        command.arg("serve").arg(path("configuration.yaml"));
        command.env("REGISTRY_CREDENTIALS_SOCKET", path("credentials.sock"));
        if path("upstream.crt").exists() {
            command.env("SSL_CERT_FILE", path("upstream.crt"));
        }
        let mut process = Process::start(&command, &path("registry.log")).unwrap();
        let upstream = self.upstream;
        let listens = || std::net::TcpStream::connect(("127.0.0.1", upstream)).is_ok();
        process.wait_until("the registry listens", listens).unwrap();
        self.registry = Some(process);
    }

    /// Writes the Secret, as the controller does with credentials that are proven.
    pub fn set_credentials(&self, (username, password): Login<'_>) {
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET},
            "data": {"username": STANDARD.encode(username), "password": STANDARD.encode(password)},
        });
        let namespace = self.namespace.as_deref().unwrap();
        kubectl(&BARE, &format!("apply --namespace={namespace} -f -"), &secret).unwrap();
    }

    /// Deletes the Secret.
    pub fn delete_credentials(&self) {
        let namespace = self.namespace.as_deref().unwrap();
        kubectl(&BARE, &format!("delete --namespace={namespace} secret {SECRET}"), NOTHING).unwrap();
    }

    pub fn is_ready(&self) -> bool {
        call(("127.0.0.1", self.admin), "GET", "/readyz", &[], b"").is_some_and(|answer| answer.status == 200)
    }

    /// Status and body of a GET of the registry itself, or of its metrics.
    pub fn get_of_registry(&self, path: &str) -> (u16, String) {
        let port = if path == "/metrics" { self.debug } else { self.upstream };
        call(("127.0.0.1", port), "GET", path, &[], b"").map(|answer| (answer.status, answer.body)).unwrap()
    }

    /// What the credential helper prints, which is run for `get` or `check`.
    pub fn helper(&self, action: &str) -> Printed {
        let mut command = Command::new(self.folder.path().join(HELPER));
        command.arg(action).env("REGISTRY_CREDENTIALS_SOCKET", self.folder.path().join("credentials.sock"));
        piped(command, "upstream.test")
    }

    /// An image of the cache.
    pub fn image(&self, repository: &str) -> String {
        format!("localhost:{}/{repository}", self.port)
    }

    /// A client that has logged in, or has not.
    pub fn client(&self, name: &'static str, login: Option<Login<'_>>) -> Client {
        let client = Client::new(name, self.port, &self.authority);
        if let Some(login) = login {
            let printed = client.log_in(login);
            // Those that verify a login when they get it say so with what they do next.
            assert!(printed.ok || name != "crane", "{printed:?}");
        }
        client
    }

    pub fn crane(&self, login: Option<Login<'_>>, arguments: &[&str]) -> Printed {
        self.client("crane", login).run(arguments)
    }

    /// Status and body of a GET.
    pub fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, "")
    }

    /// With more lines in the head, by HTTPS alone.
    pub fn get_with(&self, path: &str, more: &str) -> (u16, String) {
        let host = format!("localhost:{}", self.port);
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n");
        let answer = if self.has_tls {
            exchange(self.port, &self.authority, request.as_bytes(), Duration::ZERO, 1)
        } else {
            let answer = call(("127.0.0.1", self.port), "GET", path, &[], b"").unwrap();
            return (answer.status, answer.body);
        };
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    pub fn metric(&self, name: &str) -> f64 {
        let metrics = call(("127.0.0.1", self.admin), "GET", "/metrics", &[], b"").unwrap().body;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// The logs of gateway and registry.
    pub fn logs(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        read("log") + &read("registry.log")
    }

    /// The authority of its certificate, as a file.
    pub fn authority_file(&self) -> PathBuf {
        let path = self.folder.path().join("authority.crt");
        std::fs::write(&path, &self.authority).unwrap();
        path
    }
}

#[derive(Clone, Copy)]
struct Ports {
    port: u16,
    admin: u16,
    upstream: u16,
    debug: u16,
}

/// How the gateway is started.
fn gateway(setup: &Setup<'_>, folder: &TempDir, ports: Ports) -> Command {
    let Ports { port, admin, upstream, .. } = ports;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut command = Command::new(program("serverless-registry"));
    command.arg("cache").args(setup.flags);
    let mut flags = vec![
        ("listen", format!("127.0.0.1:{port}")),
        ("admin-listen", format!("127.0.0.1:{admin}")),
        ("upstream", format!("127.0.0.1:{upstream}")),
        ("remote-url", setup.remote.clone()),
        ("reload-interval", "50ms".to_owned()),
        ("shutdown-delay", "0s".to_owned()),
    ];
    if setup.tls {
        flags.push(("tls-cert-file", path("tls.crt")));
        flags.push(("tls-private-key-file", path("tls.key")));
    }
    if setup.authority.is_some() {
        flags.push(("remote-ca-file", path("upstream.crt")));
    }
    if let Some(more) = setup.authorize {
        command.arg("--authorize").args(more);
        flags.push(("token-issuer", NAME.to_owned()));
        flags.push(("token-service", NAME.to_owned()));
        flags.push(("token-ca-cert-file", path("tokens.crt")));
        flags.push(("token-ca-key-file", path("tokens.key")));
    }
    if let Some(namespace) = setup.namespace {
        command.env("KUBECONFIG", BARE.kubeconfig());
        flags.push(("credentials-secret", SECRET.to_owned()));
        flags.push(("namespace", namespace.to_owned()));
        flags.push(("credentials-socket", path("credentials.sock")));
    }
    command.args(flags.iter().map(|(flag, value)| format!("--{flag}={value}")));
    command
}

/// The configuration of the registry.
fn configuration(setup: &Setup<'_>, folder: &TempDir, ports: Ports) -> Value {
    let Ports { port, upstream, debug, .. } = ports;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let scheme = if setup.tls { "https" } else { "http" };
    let mut configuration = json!({
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": path("images")}, "delete": {"enabled": true}},
        "http": {
            "addr": format!("127.0.0.1:{upstream}"),
            "host": format!("{scheme}://localhost:{port}"),
            "debug": {"addr": format!("127.0.0.1:{debug}"), "prometheus": {"enabled": true}},
        },
        "proxy": {"remoteurl": setup.remote, "ttl": "168h"},
    });
    if setup.authorize.is_some() {
        configuration["auth"] = json!({"token": {
            "realm": format!("https://localhost:{port}/auth/token"),
            "service": NAME,
            "issuer": NAME,
            "rootcertbundle": path("tokens.crt"),
            "signingalgorithms": ["ES256"],
        }});
    }
    if setup.namespace.is_some() {
        configuration["proxy"]["exec"] = json!({"command": path(HELPER), "lifetime": "1s"});
    }
    configuration
}

fn start_gateway(command: &Command, admin: u16, folder: &TempDir) -> Process {
    let mut gateway = Process::start(command, &folder.path().join("log")).unwrap();
    let answers = || call(("127.0.0.1", admin), "GET", "/livez", &[], b"").is_some();
    gateway.wait_until("the gateway answers", answers).unwrap();
    gateway
}
