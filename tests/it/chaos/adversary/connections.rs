//! Connections to the replicas of the webhook, and to the probe ports, that send little and stay open for some seconds.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::super::health::Ports;
use crate::harness::connection::head;
use crate::harness::reviews::PATH;

/// The address of the adversary: limits per peer apply only to it.
const PEER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
/// How long it may take to connect.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a closed connection is opened again.
const AGAIN: usize = 3;

/// What connections do.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// Announce a body, and send nothing.
    Announced,
    /// Send half of a body.
    Half,
    /// Send nothing after the handshake.
    Idle,
    /// Send nothing at all, to the probe port.
    Probes,
}

impl Form {
    const ALL: [Self; 4] = [Self::Announced, Self::Half, Self::Idle, Self::Probes];

    fn count(self) -> usize {
        match self {
            Self::Announced => 10,
            Self::Half => 260,
            Self::Idle => 300,
            Self::Probes => 200,
        }
    }
}

/// Holds connections open for some seconds, one form after the other. Returns what was done.
pub async fn hold(ports: &[Ports], tls: &Arc<ClientConfig>, random: &mut Rng) -> String {
    let mut forms = Form::ALL;
    random.shuffle(&mut forms);
    let mut said = Vec::new();
    for form in forms {
        let time = match form {
            // Long enough for several probes.
            Form::Probes => random.u64(6000..8000),
            _ => random.u64(2000..5000),
        };
        said.push(hold_all(form, Duration::from_millis(time), ports, tls).await);
    }
    said.join(", ")
}

async fn hold_all(form: Form, time: Duration, ports: &[Ports], tls: &Arc<ClientConfig>) -> String {
    let ports: Vec<u16> = match form {
        Form::Probes => ports.iter().map(|ports| ports.admin).collect(),
        _ => ports.iter().filter_map(|ports| ports.serves).collect(),
    };
    let mut all = JoinSet::new();
    for &port in &ports {
        for _ in 0..form.count() {
            let tls = Arc::clone(tls);
            all.spawn(timeout(time, async move {
                for _ in 0..AGAIN {
                    // Refused, or closed by the server, as its limits demand.
                    let _ = once(form, port, &tls).await;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }));
        }
    }
    let made = all.len();
    while all.join_next().await.is_some() {}
    format!("{form:?}: {made} connections to {} ports for {time:?}", ports.len())
}

/// Holds one connection until the server closes it.
async fn once(form: Form, port: u16, tls: &Arc<ClientConfig>) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((PEER, 0)))?;
    let stream = timeout(PATIENCE, socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))).await??;
    if matches!(form, Form::Probes) {
        return closed(stream).await;
    }
    let stream = handshake(stream, tls).await?;
    speak(form, stream).await
}

async fn handshake(
    stream: TcpStream,
    tls: &Arc<ClientConfig>,
) -> std::io::Result<impl AsyncRead + AsyncWrite + Unpin> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    timeout(PATIENCE, TlsConnector::from(Arc::clone(tls)).connect(name, stream)).await?
}

async fn speak(form: Form, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    match form {
        Form::Announced => stream.write_all(head(PATH, 7 << 20).as_bytes()).await?,
        Form::Half => {
            stream.write_all(head(PATH, 2000).as_bytes()).await?;
            stream.write_all(&[b' '; 1000]).await?;
        }
        Form::Idle | Form::Probes => {}
    }
    stream.flush().await?;
    closed(stream).await
}

async fn closed(mut stream: impl AsyncRead + Unpin) -> std::io::Result<()> {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
