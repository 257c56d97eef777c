//! The release binary as a separate process, and clients that attack it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serverless_webhook::certificates::dev_certs;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long a client that does not read holds its connection. The server would wait for 10 s.
const HOLD: Duration = Duration::from_secs(6);

/// A server. It ends when this is dropped.
pub struct Server {
    child: Child,
    port: u16,
    connector: TlsConnector,
    _folder: TempDir,
}

impl Server {
    pub fn start(binary: &str) -> Self {
        let certs = dev_certs::make("kyma-system").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("tls.crt"), &certs.server.certificate).unwrap();
        std::fs::write(file("tls.key"), certs.server.key.as_bytes()).unwrap();
        let mut child = Command::new(binary)
            .args(["serve", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--log-format=text"])
            .arg("--tls-cert-file")
            .arg(file("tls.crt"))
            .arg("--tls-private-key-file")
            .arg(file("tls.key"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line =
            lines.find_map(|line| line.ok().filter(|line| line.contains("serving on https://"))).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let listen = line.split(", admin on").next().unwrap();
        let port = listen.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port, connector: connector(&certs.authority.certificate), _folder: folder }
    }

    /// Its peak memory, in MiB.
    pub fn peak_mib(&self) -> f64 {
        crate::status(&self.child.id().to_string(), "VmHWM:") / 1024.0
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        let stream = socket.connect(([127, 0, 0, 1], self.port).into()).await?;
        self.connector.connect(ServerName::try_from("localhost").unwrap(), stream).await
    }

    /// This number of clients send a request at the same time and read their answers. Returns how many got a review.
    pub async fn ask(&self, clients: usize, path: &str, body: &[u8]) -> usize {
        let request: Arc<[u8]> = request(path, body).into();
        let mut asked = JoinSet::new();
        for _ in 0..clients {
            let (request, Ok(mut stream)) = (Arc::clone(&request), self.connect().await) else { continue };
            asked.spawn(async move {
                let mut answer = [0; 12];
                // A client whose body is refused may be disconnected while it sends.
                let _ = stream.write_all(&request).await;
                let _ = stream.flush().await;
                let read = timeout(Duration::from_secs(30), stream.read_exact(&mut answer)).await;
                let is_answered = read.is_ok_and(|read| read.is_ok()) && answer.ends_with(b" 200");
                let _ = timeout(HOLD, stream.read_to_end(&mut Vec::new())).await;
                is_answered
            });
        }
        asked.join_all().await.into_iter().filter(|answered| *answered).count()
    }

    /// This number of clients send requests repeatedly and read nothing.
    pub async fn ask_unread(&self, clients: usize, path: &str, body: &[u8]) {
        let request: Arc<[u8]> = request(path, body).into();
        let mut asked = JoinSet::new();
        for _ in 0..clients {
            let (request, Ok(mut stream)) = (Arc::clone(&request), self.connect().await) else { continue };
            asked.spawn(async move {
                let _ = timeout(HOLD, async {
                    while stream.write_all(&request).await.is_ok() {}
                    std::future::pending::<()>().await;
                })
                .await;
            });
        }
        asked.join_all().await;
    }

    /// This number of clients send the head of a request and a part of its body.
    pub async fn send_half(&self, clients: usize, announced: usize, sent: usize) {
        let head = head("/validation/functions", announced);
        let mut held = Vec::new();
        for _ in 0..clients {
            let Ok(mut stream) = self.connect().await else { continue };
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = timeout(Duration::from_secs(1), stream.write_all(&vec![b' '; sent])).await;
            held.push(stream);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(path: &str, body: &[u8]) -> Vec<u8> {
    [head(path, body.len()).as_bytes(), body].concat()
}

fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn connector(ca_certificate: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_certificate.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
