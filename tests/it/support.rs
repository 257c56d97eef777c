//! A server on loopback with certificates of its own, and clients that speak TLS to it byte by byte.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use axum::Router;
use policy::{Config, Decision, Violation};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serverless_webhook::admission::app::{self, App};
use serverless_webhook::admission::body::BodyLimits;
use serverless_webhook::admission::routes::{Endpoint, ResourceRule};
use serverless_webhook::admission::wire::Request;
use serverless_webhook::certificates::dev_certs::{self, DevCerts};
use serverless_webhook::metrics::Metrics;
use serverless_webhook::server::{Bound, ConnectionLimits, Phase, Serving};
use serverless_webhook::tls::{Clients, TlsFiles, provider};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Long enough for anything that is meant to happen at once, on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The limits of a server under test.
#[derive(Clone)]
pub struct Limits {
    pub connections: ConnectionLimits,
    pub max_body: usize,
    pub body_memory: usize,
    pub body_timeout: Duration,
    pub max_in_flight: usize,
    pub max_request_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: ConnectionLimits {
                handshake: PATIENCE,
                header: PATIENCE,
                max_header_bytes: 32 << 10,
                idle: PATIENCE,
                request: PATIENCE,
                write: PATIENCE,
                max_connections: 10_000,
                max_per_peer: 10_000,
            },
            max_body: 7 << 20,
            body_memory: 64 << 20,
            body_timeout: PATIENCE,
            max_in_flight: 256,
            max_request_time: PATIENCE,
        }
    }
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub app: Arc<App>,
    pub phase: watch::Sender<Phase>,
    pub tls: Arc<ArcSwap<ServerConfig>>,
    pub metrics: Arc<Metrics>,
    pub task: JoinHandle<()>,
    pub certs: DevCerts,
    _folder: TempDir,
}

/// Writes certificates as files and names them.
pub fn write_certs(folder: &Path, certs: &DevCerts) -> TlsFiles {
    std::fs::write(folder.join("tls.crt"), &certs.server.certificate).unwrap();
    std::fs::write(folder.join("tls.key"), certs.server.key.as_bytes()).unwrap();
    TlsFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key"), clients: Clients::default() }
}

impl Server {
    /// The webhook itself, within `limits`.
    pub async fn start(limits: Limits) -> Self {
        Self::start_with(limits, |_| {}, app::router).await
    }

    /// Any router, with TLS files as `configure` leaves them.
    pub async fn start_with(
        limits: Limits,
        configure: impl FnOnce(&mut TlsFiles),
        router: impl FnOnce(&Arc<App>) -> Router,
    ) -> Self {
        let certs = dev_certs::make("kyma-system").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut files = write_certs(folder.path(), &certs);
        configure(&mut files);
        let tls = files.build(&files.read().unwrap()).unwrap();
        assert!(tls.not_after > SystemTime::now());
        let tls = Arc::new(ArcSwap::new(tls.config));
        let metrics = Arc::new(Metrics::new());
        let app = Arc::new(App {
            config: Arc::new(ArcSwap::from_pointee(
                serverless_webhook::config::parse(None, |_| None).unwrap(),
            )),
            metrics: Arc::clone(&metrics),
            bodies: BodyLimits::new(limits.max_body, limits.body_memory, limits.body_timeout),
            max_request_time: limits.max_request_time,
            in_flight: Arc::new(Semaphore::new(limits.max_in_flight)),
            work_memory: app::work_memory(limits.max_body),
        });
        let bound = Bound::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = bound.address();
        let (phase, receiver) = watch::channel(Phase::Serving);
        let serving = Serving {
            router: router(&app),
            tls: Arc::clone(&tls),
            limits: limits.connections,
            metrics: Arc::clone(&metrics),
            phase: receiver,
        };
        let task = tokio::spawn(bound.serve(serving));
        Self { address, app, phase, tls, metrics, task, certs, _folder: folder }
    }

    /// The webhook with an endpoint that answers reviews only while [`GATE`] is open.
    pub async fn start_slow(shorten: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        shorten(&mut limits);
        Self::start_with(limits, |_| {}, |app| app::router_of(app, &SLOW)).await
    }

    /// How much of the memory for bodies and answers is free.
    pub fn free_memory(&self) -> usize {
        self.app.bodies.memory.free()
    }

    /// A client that trusts the server.
    pub fn client(&self) -> ClientConfig {
        client(&self.certs.authority.certificate)
    }

    /// A connection after the handshake.
    pub async fn connect(&self) -> Connection {
        self.connect_as(self.client()).await.unwrap()
    }

    /// As [`Self::connect`], by a client of any kind.
    pub async fn connect_as(&self, client: ClientConfig) -> std::io::Result<Connection> {
        self.connect_over(TcpStream::connect(self.address).await?, client).await
    }

    /// A connection from another address of this machine.
    pub async fn connect_from(&self, address: [u8; 4]) -> std::io::Result<Connection> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((address, 0).into())?;
        self.connect_over(socket.connect(self.address).await?, self.client()).await
    }

    /// A connection whose kernel keeps little of what the client does not read.
    pub async fn connect_narrow(&self) -> Connection {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        self.connect_over(socket.connect(self.address).await.unwrap(), self.client()).await.unwrap()
    }

    async fn connect_over(&self, stream: TcpStream, client: ClientConfig) -> std::io::Result<Connection> {
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
        Ok(Connection { stream, read: Vec::new() })
    }

    /// A value of a metric.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.metrics.render();
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// A client that trusts an authority.
pub fn client(ca_certificate: &str) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(ca_certificate))
        .with_no_client_auth()
}

/// A client that trusts an authority and has a certificate.
pub fn client_with(ca_certificate: &str, certificate: &str, key: &str) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(ca_certificate))
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap()
}

fn roots(ca_certificate: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_certificate.as_bytes()).unwrap()).unwrap();
    roots
}

/// A connection on which requests are written byte by byte.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Connection {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// The next answer; `None` if the server closes the connection before one.
    pub async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, self.read_answer())
            .await
            .expect("the server neither answers nor closes")
    }

    async fn read_answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.fill().await?;
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap().to_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            self.fill().await?;
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Some(Answer { status, head, body })
    }

    async fn fill(&mut self) -> Option<()> {
        let mut buffer = vec![0; 16 << 10];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => None,
            Ok(length) => {
                self.read.extend_from_slice(&buffer[..length]);
                Some(())
            }
        }
    }

    /// Waits until the server closes the connection.
    pub async fn closed(&mut self) {
        let closed = async { while self.fill().await.is_some() {} };
        tokio::time::timeout(PATIENCE, closed).await.expect("the server does not close the connection");
    }

    /// Sends a review and awaits its answer.
    pub async fn review(&mut self, path: &str, body: &str) -> Option<Answer> {
        self.send(post(path, body)).await.ok()?;
        self.answer().await
    }
}

/// A whole request.
pub fn post(path: &str, body: &str) -> String {
    format!("{}{body}", head(path, body.len()))
}

/// The head of a request.
pub fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A review that is allowed as it is.
pub const REVIEW: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u-1","operation":"DELETE","resource":{"group":"serverless.kyma-project.io","version":"v1alpha1","resource":"functions"}}}"#;
/// Its answer.
pub const ALLOWED: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":true}}"#;
/// Where it is sent.
pub const PATH: &str = "/validation/functions";

/// Whoever holds this keeps the rules of [`Server::start_slow`] from deciding.
pub static GATE: Mutex<()> = Mutex::const_new(());

/// The endpoint of [`PATH`] behind [`GATE`].
static SLOW: [Endpoint; 1] = [Endpoint {
    path: PATH,
    label: "validation-functions",
    webhook: "validation",
    mutating: false,
    resource: ResourceRule {
        group: "serverless.kyma-project.io",
        version: "v1alpha1",
        plural: "functions",
        kind: "Function",
    },
    selector: None,
    operations: &["CREATE"],
    decide: wait_for_gate,
}];

#[allow(clippy::unnecessary_wraps, reason = "the shape of an endpoint")]
fn wait_for_gate(_: &Config, _: &Request<'_>) -> Result<Decision, Violation> {
    // Large reviews are decided on a thread of their own, which may block.
    drop(GATE.blocking_lock());
    Ok(Decision::allowed())
}

/// [`REVIEW`], so large that it is decided on a thread of its own.
pub fn large_review() -> String {
    format!("{REVIEW}{}", " ".repeat(200 << 10))
}

/// Waits until a condition holds, without an executor.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a condition holds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
