//! A registry behind our gateway, on loopback: clients get tokens of ours and see nothing of the registry itself.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use axum::http::uri::Authority;
use decide::registry::acl::{Acl, Policy};
use decide::registry::labels::Labels;
use decide::registry::token::Config;
use jiff::Timestamp;
use policy::image_registry_accounts::bcrypt;
use process::https::tls::{Clients, TlsFiles};
use process::https::{Bound, ConnectionLimits, Pace, Phase, Serving};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use registry::accounts::{Account, Accounts};
use registry::endpoint::Endpoint;
use registry::gateway::Gateway;
use registry::metrics::Metrics;
use registry::passwords::Passwords;
use registry::router;
use registry::server::{Server, State};
use registry::signing::AuthorityFiles;
use rustls::{ClientConnection, StreamOwned};
use serde_json::{Value, json};
use serverless_webhook::certificates::dev_certs;
use tempfile::TempDir;
use testenv::{Process, free_port};
use tokio::sync::watch;

use crate::harness::client::{Client, Login};
use crate::harness::command::Printed;
use crate::harness::registry::tool;
use crate::harness::tls::{self, write_certs};
use crate::harness::wait::PATIENCE;

/// Issuer and service of the registry.
pub const NAME: &str = "registry.test";

/// A registry and its gateway. End when dropped.
pub struct Guarded {
    /// The port of the gateway.
    pub port: u16,
    /// The certificate of the authority that clients trust.
    pub authority: String,
    pub accounts: Arc<Accounts>,
    pub metrics: Arc<Metrics>,
    registry: Option<Process>,
    folder: TempDir,
    phase: watch::Sender<Phase>,
}

impl Guarded {
    /// With the rules of a policy.
    pub async fn start(policy: Policy) -> Self {
        Self::start_with(policy.acl(), limits()).await
    }

    pub async fn start_with(acl: Acl, limits: ConnectionLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bound = Bound::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (port, upstream) = (bound.address().port(), free_port().unwrap());
        let authority = token_authority(&folder);
        let registry = start_registry("registry", &folder, upstream, port);

        let certs = dev_certs::make("kyma-system").unwrap();
        let files = TlsFiles { clients: Clients::default(), ..write_certs(folder.path(), &certs) };
        let tls = files.build(&files.read().unwrap()).unwrap();
        let metrics = Arc::new(Metrics::new());
        let accounts = Arc::new(Accounts::default());
        let config = Config {
            issuer: NAME.to_owned(),
            service: NAME.to_owned(),
            pull: Duration::from_mins(1),
            push: Duration::from_mins(15),
        };
        let signer = authority.read().unwrap().signer(SystemTime::now()).unwrap();
        let state = State { config, acl: Arc::new(acl), signer: Arc::new(signer) };
        let passwords = Passwords::new(std::num::NonZeroUsize::MIN, metrics.logins_waiting()).unwrap();
        let server = Server::new(state, Arc::clone(&accounts), passwords, None, Timestamp::now);
        let tokens = Arc::new(Endpoint { server: Arc::new(server), metrics: Arc::clone(&metrics) });
        let upstream: Authority = format!("127.0.0.1:{upstream}").parse().unwrap();
        let gateway = Arc::new(Gateway::new(upstream, Arc::clone(&metrics)));
        let (phase, phases) = watch::channel(Phase::Serving);
        tokio::spawn(bound.serve(Serving {
            router: router::router(gateway, tokens),
            tls: Some(Arc::new(ArcSwap::new(tls.config))),
            limits,
            metrics: Arc::clone(&metrics.connections),
            phase: phases,
        }));
        assert!(tls.not_after > SystemTime::now());
        let authority = certs.authority.certificate;
        Self { port, authority, accounts, metrics, registry: Some(registry), folder, phase }
    }

    /// Adds an account as the controller does it for a push or pull secret.
    pub fn add_account(&self, name: &str, access: &str, namespace: &str, password: &str) {
        let hash = bcrypt::parse(&hash(password)).unwrap();
        let labels = [("accessMode", access), ("namespace", namespace)];
        let labels = labels.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
        let labels = Labels::of_account(name, labels.into()).unwrap();
        self.accounts.put(name.to_owned(), Account { labels, hashes: vec![hash], ..Account::default() });
    }

    /// An image of this registry.
    pub fn image(&self, repository: &str) -> String {
        format!("localhost:{}/{repository}", self.port)
    }

    /// Stops the gateway, too. Nothing listens any more when this returns.
    pub async fn leave(&self) {
        self.phase.send_replace(Phase::Closing);
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops the registry; the gateway goes on.
    pub fn stop_registry(&mut self) {
        self.registry = None;
    }

    /// See [`exchange`].
    pub fn exchange(&self, request: &[u8], pause: Duration, parts: usize) -> String {
        exchange(self.port, &self.authority, request, pause, parts)
    }

    /// Runs crane as an account that has logged in, or as nobody.
    pub fn crane(&self, login: Option<Login<'_>>, arguments: &[&str]) -> Printed {
        let crane = Client::new("crane", self.port, &self.authority);
        if let Some(login) = login {
            crane.log_in(login).unwrap();
        }
        crane.run(arguments)
    }

    /// Bytes of bodies that were passed on: `received` or `sent`.
    pub fn passed(&self, direction: &str) -> u64 {
        let metrics = self.metrics.render();
        let name = format!("serverless_registry_body_bytes_total{{direction=\"{direction}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
    }

    /// The certificate of the authority, as a file.
    pub fn authority_file(&self) -> PathBuf {
        let path = self.folder.path().join("authority.crt");
        std::fs::write(&path, &self.authority).unwrap();
        path
    }
}

/// What a client gets for what it sends in parts, as text, until the server closes.
pub fn exchange(port: u16, authority: &str, request: &[u8], pause: Duration, parts: usize) -> String {
    let config = Arc::new(tls::client(authority));
    let connection = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    for part in request.chunks(request.len().div_ceil(parts)) {
        if stream.write_all(part).and_then(|()| stream.flush()).is_err() {
            break;
        }
        std::thread::sleep(pause);
    }
    let mut answer = Vec::new();
    // A server that closes without a word ends the answer, too.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The hash of a password.
pub fn hash(password: &str) -> String {
    let output = Command::new(tool("registry")).args(["htpasswd", "user", password]).output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    line.trim().strip_prefix("user:").unwrap().to_owned()
}

/// Limits that no test reaches by accident.
pub fn limits() -> ConnectionLimits {
    ConnectionLimits {
        handshake: PATIENCE,
        header: PATIENCE,
        max_header_bytes: 32 << 10,
        idle: PATIENCE,
        request: PATIENCE,
        write: PATIENCE,
        pace: Pace::Progress,
        max_connections: 100,
        max_per_peer: 100,
    }
}

/// The authority of the keys that sign tokens.
pub fn token_authority(folder: &TempDir) -> AuthorityFiles {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let path = |name: &str| folder.path().join(name);
    let files = AuthorityFiles { certificate: path("tokens.crt"), key: path("tokens.key") };
    std::fs::write(&files.certificate, authority.pem()).unwrap();
    std::fs::write(&files.key, authority.key().serialize_pem()).unwrap();
    files
}

/// Starts a registry, of the current generation or the one before, that trusts the authority in a folder.
pub fn start_registry(program: &str, folder: &TempDir, port: u16, gateway: u16) -> Process {
    let address = format!("127.0.0.1:{port}");
    let http = json!({"addr": address, "host": format!("https://localhost:{gateway}")});
    start_registry_at(program, folder, &http, &format!("localhost:{gateway}"))
}

/// Starts a registry with an address or more, whose clients get tokens at another one.
pub fn start_registry_at(program: &str, folder: &TempDir, http: &Value, tokens: &str) -> Process {
    let path = |file: &str| folder.path().join(file);
    let configuration = json!({
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": path("images")}, "delete": {"enabled": true}},
        "http": http,
        "auth": {"token": {
            "realm": format!("https://{tokens}/auth/token"),
            "service": NAME,
            "issuer": NAME,
            "rootcertbundle": path("tokens.crt"),
            "signingalgorithms": ["ES256"],
        }},
    });
    std::fs::write(path("configuration.yaml"), configuration.to_string()).unwrap();
    let mut command = Command::new(tool(program));
    command.arg("serve").arg(path("configuration.yaml"));
    let mut process = Process::start(&command, &path("registry.log")).unwrap();
    let address = http["addr"].as_str().unwrap();
    process.wait_until("the registry listens", || TcpStream::connect(address).is_ok()).unwrap();
    process
}
