//! A server of the webhook on loopback, with its own certificates.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use axum::Router;
use process::https::tls::TlsFiles;
use process::https::{Bound, ConnectionLimits, Pace, Phase, Serving};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use serverless_webhook::admission::app::{self, App};
use serverless_webhook::admission::body::BodyLimits;
use serverless_webhook::certificates::dev_certs::{self, DevCerts};
use serverless_webhook::metrics::Metrics;
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::harness::connection::Connection;
use crate::harness::reviews::SLOW;
use crate::harness::tls::{client, write_certs};
use crate::harness::wait::PATIENCE;

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
                pace: Pace::Whole,
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

impl Server {
    /// The webhook itself, within `limits`.
    pub async fn start(limits: Limits) -> Self {
        Self::start_with(limits, |_| {}, app::router).await
    }

    /// Any router, with TLS files that `configure` can change.
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
            tls: Some(Arc::clone(&tls)),
            limits: limits.connections,
            metrics: Arc::clone(&metrics.connections),
            phase: receiver,
        };
        let task = tokio::spawn(bound.serve(serving));
        Self { address, app, phase, tls, metrics, task, certs, _folder: folder }
    }

    /// The webhook with an endpoint that answers reviews only while [`GATE`](crate::harness::reviews::GATE) is open.
    pub async fn start_slow(shorten: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        shorten(&mut limits);
        Self::start_with(limits, |_| {}, |app| app::router_of(app, &SLOW)).await
    }

    /// The free memory for bodies and answers.
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

    /// Like [`Self::connect`], with any client configuration.
    pub async fn connect_as(&self, client: ClientConfig) -> std::io::Result<Connection> {
        self.connect_over(TcpStream::connect(self.address).await?, client).await
    }

    /// A connection from another address of this machine.
    pub async fn connect_from(&self, address: [u8; 4]) -> std::io::Result<Connection> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((address, 0).into())?;
        self.connect_over(socket.connect(self.address).await?, self.client()).await
    }

    /// A connection with a small receive buffer, for a client that does not read.
    pub async fn connect_narrow(&self) -> Connection {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        self.connect_over(socket.connect(self.address).await.unwrap(), self.client()).await.unwrap()
    }

    async fn connect_over(&self, stream: TcpStream, client: ClientConfig) -> std::io::Result<Connection> {
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
        Ok(Connection::new(stream))
    }

    /// A value of a metric.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.metrics.render();
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}
