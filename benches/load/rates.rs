//! How many requests a server answers, and how fast. The client does as little work per request as possible, because it
//! shares the machine with the server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A request, and what a right answer holds.
pub struct Target {
    pub name: String,
    /// The size of the body, in bytes.
    pub body: usize,
    pub request: Arc<Vec<u8>>,
    pub proof: &'static [u8],
}

/// A process that serves over TLS, and its measurements by the kernel.
pub struct Server {
    pub port: u16,
    pub ca_certificate: String,
    pub pid: u32,
}

/// Kernel clock ticks per second (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

impl Server {
    /// CPU time so far, user and system, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS
    }

    pub fn resident_mib(&self) -> f64 {
        self.status("VmRSS:")
    }

    pub fn peak_mib(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

/// The measurements.
#[derive(Clone, Default)]
pub struct Load {
    seconds: f64,
    cpu_seconds: f64,
    /// The latency of each request, in microseconds.
    latencies: Vec<u32>,
}

impl Load {
    pub fn add(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.cpu_seconds += other.cpu_seconds;
        self.latencies.extend(other.latencies);
    }

    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }

    /// CPU time of the server per request, in microseconds.
    pub fn cpu_micros(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.latencies.len() as f64
    }

    /// A quantile of the latencies, in milliseconds.
    pub fn quantile(&mut self, quantile: f64) -> f64 {
        self.latencies.sort_unstable();
        let index = ((self.latencies.len() - 1) as f64 * quantile) as usize;
        f64::from(self.latencies[index]) / 1000.0
    }
}

/// Each connection sends a new request as soon as it has its answer.
pub async fn closed(server: &Server, target: &Target, connections: usize, time: Duration) -> Load {
    let connector = connector(server);
    let mut tasks = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(connect(&connector, server.port).await);
    }
    let (start, cpu) = (Instant::now(), server.cpu_seconds());
    for mut stream in open {
        let (request, proof) = (Arc::clone(&target.request), target.proof);
        tasks.spawn(async move {
            let (mut latencies, mut buffer) = (Vec::with_capacity(16_384), vec![0; 16 << 10]);
            while start.elapsed() < time {
                let begin = Instant::now();
                ask(&mut stream, &request, proof, &mut buffer).await;
                latencies.push(begin.elapsed().as_micros() as u32);
            }
            latencies
        });
    }
    finish(tasks, server, start, cpu).await
}

/// Requests start at a fixed rate, whether or not there are answers. The latency of each is measured from its due time,
/// so waiting for a free connection is included. This needs a core of its own: timers have a resolution of a
/// millisecond, so the client polls the clock.
pub async fn paced(server: &Server, target: &Target, connections: usize, rate: f64, time: Duration) -> Load {
    let connector = connector(server);
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(connect(&connector, server.port).await);
    }
    let due = Arc::new((Semaphore::new(0), Mutex::new(VecDeque::new())));
    let (start, cpu) = (Instant::now(), server.cpu_seconds());
    let mut tasks = JoinSet::new();
    for mut stream in open {
        let (request, proof, due) = (Arc::clone(&target.request), target.proof, Arc::clone(&due));
        tasks.spawn(async move {
            let (mut latencies, mut buffer) = (Vec::with_capacity(16_384), vec![0; 16 << 10]);
            while let Ok(permit) = due.0.acquire().await {
                permit.forget();
                let begin: Instant = due.1.lock().unwrap().pop_front().unwrap();
                ask(&mut stream, &request, proof, &mut buffer).await;
                latencies.push(begin.elapsed().as_micros() as u32);
            }
            latencies
        });
    }
    let gap = Duration::from_secs_f64(1.0 / rate);
    let mut next = start;
    while next < start + time {
        while next <= Instant::now() {
            due.1.lock().unwrap().push_back(next);
            due.0.add_permits(1);
            next += gap;
        }
        tokio::task::yield_now().await;
    }
    due.0.close();
    finish(tasks, server, start, cpu).await
}

pub async fn finish(mut tasks: JoinSet<Vec<u32>>, server: &Server, start: Instant, cpu: f64) -> Load {
    let mut latencies = Vec::new();
    while let Some(part) = tasks.join_next().await {
        latencies.extend(part.unwrap());
    }
    Load { seconds: start.elapsed().as_secs_f64(), cpu_seconds: server.cpu_seconds() - cpu, latencies }
}

pub fn connector(server: &Server) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.ca_certificate.as_bytes()).unwrap()).unwrap();
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.resumption = Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}

pub async fn connect(connector: &TlsConnector, port: u16) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

/// Sends a request and reads its answer, which must be right.
pub async fn ask(stream: &mut TlsStream<TcpStream>, request: &[u8], proof: &[u8], buffer: &mut [u8]) {
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.unwrap();
        assert!(read > 0, "the server closed the connection");
        filled += read;
        let answer = &buffer[..filled];
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end]).unwrap();
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        if filled == end + 4 + length.parse::<usize>().unwrap() {
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            assert!(answer[end..].windows(proof.len()).any(|window| window == proof));
            return;
        }
    }
}
