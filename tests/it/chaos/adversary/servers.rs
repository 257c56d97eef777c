//! Malicious servers of the adversary, on their own loopback addresses. They record what they receive.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The longest time that a connection is held open.
const HELD: Duration = Duration::from_secs(45);
/// How much of an endless answer is sent at most.
const ENDLESS: usize = 32 << 20;
/// How much of a request is read.
const HEAD: usize = 32 << 10;

/// What a server does to its clients.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Harm {
    /// Accepts connections, and sends nothing.
    Tarpit,
    /// Sends an endless list of references.
    Endless,
    /// Sends meaningless bytes.
    Garbage,
    /// Redirects to [`Self::Target`].
    Redirect,
    /// Gets requests only through [`Self::Redirect`].
    Target,
    /// Always requests other credentials.
    Unauthorized,
    /// Begins like an SSH server, and continues with meaningless bytes.
    Ssh,
}

impl Harm {
    pub const ALL: [Self; 7] = [
        Self::Tarpit,
        Self::Endless,
        Self::Garbage,
        Self::Redirect,
        Self::Target,
        Self::Unauthorized,
        Self::Ssh,
    ];
}

/// What arrived at the servers.
#[derive(Debug, Default)]
pub struct Arrived {
    /// The number of connections to each.
    pub connections: BTreeMap<Harm, usize>,
    /// Everything that should never have arrived.
    pub leaks: Vec<String>,
}

/// All servers. They end with the runtime that started them.
pub struct Servers {
    addresses: BTreeMap<Harm, SocketAddr>,
    arrived: Arc<Mutex<Arrived>>,
}

impl Servers {
    pub async fn start() -> Self {
        let arrived = Arc::new(Mutex::new(Arrived::default()));
        let mut listeners = Vec::new();
        for (index, harm) in Harm::ALL.into_iter().enumerate() {
            listeners.push((harm, TcpListener::bind(format!("127.0.0.{}:0", index + 10)).await.unwrap()));
        }
        let addresses: BTreeMap<_, _> =
            listeners.iter().map(|(harm, listener)| (*harm, listener.local_addr().unwrap())).collect();
        for (harm, listener) in listeners {
            let (arrived, target) = (Arc::clone(&arrived), addresses[&Harm::Target]);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    *arrived.lock().unwrap().connections.entry(harm).or_default() += 1;
                    let arrived = Arc::clone(&arrived);
                    tokio::spawn(tokio::time::timeout(HELD, serve(harm, stream, target, arrived)));
                }
            });
        }
        Self { addresses, arrived }
    }

    pub fn address(&self, harm: Harm) -> SocketAddr {
        self.addresses[&harm]
    }

    pub fn arrived(&self) -> MutexGuard<'_, Arrived> {
        self.arrived.lock().unwrap()
    }
}

async fn serve(
    harm: Harm,
    mut stream: TcpStream,
    target: SocketAddr,
    arrived: Arc<Mutex<Arrived>>,
) -> std::io::Result<()> {
    if harm == Harm::Ssh {
        stream.write_all(b"SSH-2.0-adversary\r\n").await?;
    }
    let mut head = Vec::new();
    while head.len() < HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
        // Checked as it arrives: not every client finishes its head.
        if let Some(leak) = leak(harm, &head) {
            let mut arrived = arrived.lock().unwrap();
            if !arrived.leaks.contains(&leak) {
                arrived.leaks.push(leak);
            }
        }
        if matches!(harm, Harm::Ssh | Harm::Garbage) {
            break;
        }
    }
    match harm {
        Harm::Tarpit => tokio::time::sleep(HELD).await,
        Harm::Endless => endless(&mut stream).await?,
        Harm::Garbage | Harm::Ssh => {
            let garbage: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(100_000).collect();
            stream.write_all(&garbage).await?;
        }
        Harm::Redirect => {
            let path = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            let path = String::from_utf8_lossy(path);
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: http://{target}{path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await?;
        }
        // A client sends credentials only if the server requests them.
        Harm::Unauthorized | Harm::Target => {
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await?;
        }
    }
    stream.shutdown().await
}

async fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nConnection: close\r\n\r\n001e# service=git-upload-pack\n0000";
    stream.write_all(head.as_bytes()).await?;
    let mut sent = 0;
    while sent < ENDLESS {
        let line = format!("{} refs/heads/{sent:050}\n", "a".repeat(40));
        let lines = format!("{:04x}{line}", line.len() + 4).repeat(1000);
        stream.write_all(lines.as_bytes()).await?;
        sent += lines.len();
    }
    Ok(())
}

/// What a request contains that its server should not receive: credentials of others, or any credentials if none were
/// meant for it.
fn leak(harm: Harm, request: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let authorizations = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("authorization").then(|| value.trim().to_owned())
    });
    let decoded = authorizations.map(|value| {
        let word = value.rsplit(' ').next().unwrap_or_default();
        STANDARD.decode(word).ok().map_or(value.clone(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    });
    let decoded: Vec<_> = decoded.collect();
    let first = text.lines().next().unwrap_or_default();
    if text.contains("fake-") || decoded.iter().any(|value| value.contains("fake-")) {
        return Some(format!("{harm:?} got a password of others: {first}"));
    }
    let is_for_none = harm == Harm::Target || first.contains("/stolen");
    (is_for_none && !decoded.is_empty()).then(|| format!("{harm:?} got credentials: {first}"))
}

#[test]
fn credentials_that_were_not_meant_for_a_server_are_found() {
    let request =
        |path: &str, header: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n").into_bytes();
    let basic = |text: &str| format!("authorization: Basic {}", STANDARD.encode(text));
    assert_eq!(leak(Harm::Unauthorized, &request("/mine.git/info/refs", &basic("mine:mine-1"))), None);
    assert_eq!(leak(Harm::Target, &request("/mine.git/info/refs", "Accept: */*")), None);
    for (harm, path, text) in [
        (Harm::Unauthorized, "/mine.git/info/refs", "builder:fake-1"),
        (Harm::Unauthorized, "/stolen-1.git/info/refs", "mine:mine-1"),
        (Harm::Target, "/mine.git/info/refs", "mine:mine-1"),
    ] {
        assert!(leak(harm, &request(path, &basic(text))).is_some(), "{harm:?} {path} {text}");
    }
}
