//! The admin port under attack: whoever holds connections to it fails no probe.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;

/// As the kubelet probes: each time on a connection of its own.
const PROBE: &str = "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const STAY: &str = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
/// How soon a connection that was closed is opened again.
const REOPEN: Duration = Duration::from_millis(50);
/// One attack at a time: several at once would measure how many clients the machine can run.
static ATTACK: AsyncMutex<()> = AsyncMutex::const_new(());
/// About what the metrics of a process take.
const USUAL: usize = 64 << 10;
/// Larger than what the kernel keeps for a client that does not read.
const LARGE: usize = 8 << 20;

async fn start(rendered: &Arc<AtomicUsize>, size: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let rendered = Arc::clone(rendered);
    let render = move || {
        rendered.fetch_add(1, Ordering::Relaxed);
        "x".repeat(size)
    };
    let router = Router::new().route("/livez", get(async || "ok\n")).route("/metrics", metrics(render));
    tokio::spawn(serve(listener, router));
    address
}

/// A probe as the kubelet sends it, which waits for a second.
async fn probe(address: SocketAddr) -> bool {
    let probe = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(PROBE.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"))
    };
    timeout(Duration::from_secs(1), probe).await.is_ok_and(|answer| answer.unwrap_or(false))
}

/// Holds connections, each of which is opened again when it is closed.
fn hold(address: SocketAddr, connections: usize, request: &'static str, reads: bool) -> JoinSet<()> {
    let mut holders = JoinSet::new();
    for _ in 0..connections {
        holders.spawn(async move {
            loop {
                tokio::time::sleep(REOPEN).await;
                let Ok(mut stream) = TcpStream::connect(address).await else { continue };
                let _ = stream.write_all(request.as_bytes()).await;
                // Waits for the end of the connection, reading or not.
                let mut buffer = [0; 1024];
                while reads && stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
                if !reads {
                    let mut slow = tokio::time::interval(Duration::from_millis(50));
                    while stream.write_all(b" ").await.is_ok() {
                        slow.tick().await;
                    }
                }
            }
        });
    }
    holders
}

async fn five_probes_succeed_beside(connections: usize, request: &'static str, reads: bool) {
    let _alone = ATTACK.lock().await;
    let address = start(&Arc::default(), USUAL).await;
    let holders = hold(address, connections, request, reads);
    let mut succeeded = 0;
    for _ in 0..5 {
        // Probes are as far apart as it takes for all connections to be held again.
        tokio::time::sleep(Duration::from_millis(500)).await;
        succeeded += usize::from(probe(address).await);
    }
    drop(holders);
    assert_eq!(succeeded, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_succeed_beside_200_connections_with_half_a_head() {
    five_probes_succeed_beside(200, "GET /livez HTT", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_succeed_beside_200_connections_that_send_nothing() {
    five_probes_succeed_beside(200, "", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_succeed_beside_200_connections_that_stay_after_an_answer() {
    five_probes_succeed_beside(200, STAY, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_succeed_beside_200_connections_that_do_not_read_metrics() {
    five_probes_succeed_beside(200, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_succeed_beside_more_connections_than_there_may_be() {
    five_probes_succeed_beside(MAX_CONNECTIONS * 2, "GET /livez HTT", true).await;
}

#[tokio::test]
async fn half_a_head_is_closed_soon() {
    let address = start(&Arc::default(), USUAL).await;
    let begin = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /livez HTT").await.unwrap();
    let _ = stream.read(&mut [0; 64]).await;
    let elapsed = begin.elapsed();
    assert!((HEAD_TIMEOUT..CONNECTION_TIMEOUT).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn metrics_that_nobody_reads_are_few_and_others_still_get_some() {
    let rendered = Arc::default();
    let address = start(&rendered, LARGE).await;
    let mut unread = Vec::new();
    for _ in 0..MAX_TEXTS + 20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        // The head of the answer has arrived, so the text is in the hands of this client.
        stream.peek(&mut [0; 1]).await.unwrap();
        unread.push(stream);
    }
    assert_eq!(rendered.load(Ordering::Relaxed), MAX_TEXTS);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(answer.len() > LARGE);
    drop(unread);
}
