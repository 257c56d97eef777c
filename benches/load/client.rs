//! The client does as little work per request as possible, because it shares the machine with the server.

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

use crate::process::Process;

/// An endpoint with its request.
pub struct Target {
    pub name: String,
    /// The size of the body, in bytes.
    pub body: usize,
    request: Arc<Vec<u8>>,
}

impl Target {
    pub fn new(name: &str, path: &str, body: Vec<u8>) -> Self {
        let mut request = head(path, &format!("Content-Length: {}", body.len())).into_bytes();
        let length = body.len();
        request.extend(body);
        Self { name: name.to_owned(), body: length, request: Arc::new(request) }
    }
}

fn head(path: &str, length: &str) -> String {
    format!(
        "POST {path}?timeout=5s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    )
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
pub async fn closed(process: &Process, target: &Target, connections: usize, time: Duration) -> Load {
    let connector = connector(process);
    let mut tasks = JoinSet::new();
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(connect(&connector, process.port).await);
    }
    let (start, cpu) = (Instant::now(), process.cpu_seconds());
    for mut stream in open {
        let request = Arc::clone(&target.request);
        tasks.spawn(async move {
            let (mut latencies, mut buffer) = (Vec::with_capacity(16_384), vec![0; 16 << 10]);
            while start.elapsed() < time {
                let begin = Instant::now();
                ask(&mut stream, &request, &mut buffer).await;
                latencies.push(begin.elapsed().as_micros() as u32);
            }
            latencies
        });
    }
    finish(tasks, process, start, cpu).await
}

/// Requests start at a fixed rate, whether or not there are answers. The latency of each is measured from its due time,
/// so waiting for a free connection is included. This needs a core of its own: timers have a resolution of a
/// millisecond, so the client polls the clock.
pub async fn paced(
    process: &Process,
    target: &Target,
    connections: usize,
    rate: f64,
    time: Duration,
) -> Load {
    let connector = connector(process);
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(connect(&connector, process.port).await);
    }
    let due = Arc::new((Semaphore::new(0), Mutex::new(VecDeque::new())));
    let (start, cpu) = (Instant::now(), process.cpu_seconds());
    let mut tasks = JoinSet::new();
    for mut stream in open {
        let (request, due) = (Arc::clone(&target.request), Arc::clone(&due));
        tasks.spawn(async move {
            let (mut latencies, mut buffer) = (Vec::with_capacity(16_384), vec![0; 16 << 10]);
            while let Ok(permit) = due.0.acquire().await {
                permit.forget();
                let begin: Instant = due.1.lock().unwrap().pop_front().unwrap();
                ask(&mut stream, &request, &mut buffer).await;
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
    finish(tasks, process, start, cpu).await
}

async fn finish(mut tasks: JoinSet<Vec<u32>>, process: &Process, start: Instant, cpu: f64) -> Load {
    let mut latencies = Vec::new();
    while let Some(part) = tasks.join_next().await {
        latencies.extend(part.unwrap());
    }
    Load { seconds: start.elapsed().as_secs_f64(), cpu_seconds: process.cpu_seconds() - cpu, latencies }
}

/// A new connection, with a full handshake, for each request.
pub async fn handshakes(process: &Process, connections: usize, time: Duration) -> Load {
    let connector = connector(process);
    let target = Target::new("", "/validation/functions", crate::bodies::of("validation-functions"));
    let (start, cpu, port) = (Instant::now(), process.cpu_seconds(), process.port);
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (connector, request) = (connector.clone(), Arc::clone(&target.request));
        tasks.spawn(async move {
            let (mut latencies, mut buffer) = (Vec::new(), vec![0; 16 << 10]);
            while start.elapsed() < time {
                let begin = Instant::now();
                let mut stream = connect(&connector, port).await;
                ask(&mut stream, &request, &mut buffer).await;
                latencies.push(begin.elapsed().as_micros() as u32);
            }
            latencies
        });
    }
    finish(tasks, process, start, cpu).await
}

/// Sends large bodies at the same time, as far as the server accepts them. Returns how many were refused.
pub async fn flood(process: &Process, connections: usize, size: usize, chunked: bool) -> usize {
    let connector = connector(process);
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (connector, port) = (connector.clone(), process.port);
        tasks.spawn(async move {
            let mut stream = connect(&connector, port).await;
            let length = if chunked {
                "Transfer-Encoding: chunked".to_owned()
            } else {
                format!("Content-Length: {size}")
            };
            stream.write_all(head("/validation/functions", &length).as_bytes()).await.unwrap();
            let piece = vec![b' '; 64 << 10];
            for _ in 0..size / piece.len() {
                let sent = if chunked {
                    let framed = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
                    stream.write_all(&framed).await
                } else {
                    stream.write_all(&piece).await
                };
                if sent.is_err() {
                    break;
                }
            }
            let mut answer = vec![0; 1024];
            // A connection that the server has reset is a refusal, too.
            let length = stream.read(&mut answer).await.unwrap_or(0);
            !answer[..length].starts_with(b"HTTP/1.1 200")
        });
    }
    tasks.join_all().await.into_iter().filter(|refused| *refused).count()
}

fn connector(process: &Process) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(process.ca_certificate.as_bytes()).unwrap()).unwrap();
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.resumption = Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}

async fn connect(connector: &TlsConnector, port: u16) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

/// Sends a request and reads its answer, which must allow the review.
async fn ask(stream: &mut TlsStream<TcpStream>, request: &[u8], buffer: &mut [u8]) {
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
            assert!(answer[end..].windows(14).any(|window| window == b"\"allowed\":true"));
            return;
        }
    }
}
