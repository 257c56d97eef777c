//! An attack on each limit of the server.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::harness::connection::{head, post};
use crate::harness::reviews::{ALLOWED, GATE, PATH, REVIEW, large_review};
use crate::harness::server::{Limits, Server};
use crate::harness::wait::{PATIENCE, eventually};

const SHORT: Duration = Duration::from_millis(300);

/// A server with one short limit.
async fn server(shorten: impl FnOnce(&mut Limits)) -> Server {
    let mut limits = Limits::default();
    shorten(&mut limits);
    Server::start(limits).await
}

async fn still_serves(server: &Server) {
    let answer = server.connect().await.review(PATH, REVIEW).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, ALLOWED));
}

#[tokio::test]
async fn a_client_that_never_begins_the_handshake_is_dropped() {
    let server = server(|limits| limits.connections.handshake = SHORT).await;
    let start = Instant::now();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)));
    assert!(start.elapsed() >= SHORT);
    eventually("counted", || {
        server.metric("serverless_webhook_tls_handshake_failures_total{reason=\"timeout\"}") == 1.0
    })
    .await;
    still_serves(&server).await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_after_the_handshake_is_dropped() {
    let server = server(|limits| limits.connections.header = SHORT).await;
    let start = Instant::now();
    server.connect().await.closed().await;
    assert!(start.elapsed() >= SHORT);
}

#[tokio::test]
async fn half_a_head_is_dropped_however_slowly_it_grows() {
    let server = server(|limits| limits.connections.header = SHORT).await;
    let start = Instant::now();
    let mut connection = server.connect().await;
    connection.send("POST / HTTP/1.1\r\n").await.unwrap();
    // Bytes that arrive slowly must not extend the time.
    while start.elapsed() < PATIENCE && connection.send("X-Y: z\r\n").await.is_ok() {
        tokio::time::sleep(SHORT / 6).await;
    }
    assert!((SHORT..PATIENCE).contains(&start.elapsed()));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = server(|limits| limits.connections.max_header_bytes = 8 << 10).await;
    let mut connection = server.connect().await;
    connection.send(format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(9 << 10))).await.unwrap();
    assert_eq!(connection.answer().await.unwrap().status, 431);
    still_serves(&server).await;
}

#[tokio::test]
async fn an_idle_connection_is_kept_beyond_the_time_for_a_head_and_closed_at_its_own() {
    let idle = Duration::from_secs(2);
    let server = server(|limits| (limits.connections.header, limits.connections.idle) = (SHORT, idle)).await;
    let mut connection = server.connect().await;
    assert_eq!(connection.review(PATH, REVIEW).await.unwrap().status, 200);
    // The time limit for a head passes, and the connection stays open.
    tokio::time::sleep(SHORT * 3).await;
    let start = Instant::now();
    assert_eq!(connection.review(PATH, REVIEW).await.unwrap().status, 200);
    connection.closed().await;
    assert!(start.elapsed() >= idle);
}

#[tokio::test]
async fn half_a_head_on_a_connection_that_was_idle_is_dropped() {
    let server = server(|limits| limits.connections.header = SHORT).await;
    let mut connection = server.connect().await;
    assert_eq!(connection.review(PATH, REVIEW).await.unwrap().status, 200);
    let start = Instant::now();
    connection.send("POST / HT").await.unwrap();
    connection.closed().await;
    assert!(
        (SHORT..PATIENCE / 2).contains(&start.elapsed()),
        "not at the time for a head: {:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn half_a_body_is_answered_408() {
    let server = server(|limits| limits.body_timeout = SHORT).await;
    let mut connection = server.connect().await;
    let start = Instant::now();
    connection.send(format!("{}{{", head(PATH, 100))).await.unwrap();
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (408, "the body did not arrive within 300ms\n"));
    assert!(start.elapsed() >= SHORT);
    connection.closed().await;
}

#[tokio::test]
async fn a_body_that_trickles_in_is_answered_408() {
    let server = server(|limits| limits.body_timeout = SHORT).await;
    let mut connection = server.connect().await;
    connection.send(head(PATH, 1000)).await.unwrap();
    let start = Instant::now();
    while start.elapsed() < SHORT * 2 && connection.send(" ").await.is_ok() {
        tokio::time::sleep(SHORT / 10).await;
    }
    assert_eq!(connection.answer().await.unwrap().status, 408);
}

#[tokio::test]
async fn the_time_that_the_client_gives_is_kept() {
    let server = server(|limits| limits.body_timeout = PATIENCE).await;
    let mut connection = server.connect().await;
    let start = Instant::now();
    connection.send(head(&format!("{PATH}?timeout=1s"), 100)).await.unwrap();
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (503, "the time given for the request has passed\n"));
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.metric("serverless_webhook_requests_shed_total{reason=\"deadline\"}"), 1.0);
}

#[tokio::test]
async fn a_body_announced_as_too_large_is_refused_unread() {
    let server = Server::start(Limits::default()).await;
    let mut connection = server.connect().await;
    connection.send(head(PATH, (7 << 20) + 1)).await.unwrap();
    let answer = connection.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (413, "the body is larger than 7340032 bytes\n"));
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_read() {
    let server = server(|limits| limits.max_body = 4096).await;
    let body = format!("{REVIEW}{}", " ".repeat(4096 - REVIEW.len()));
    let answer = server.connect().await.review(PATH, &body).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, ALLOWED));
    let answer = server.connect().await.review(PATH, &format!("{body} ")).await.unwrap();
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_chunked_body_that_grows_too_large_is_refused() {
    let server = server(|limits| limits.max_body = 64 << 10).await;
    let mut connection = server.connect().await;
    connection.send(format!("POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")).await.unwrap();
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(16 << 10));
    for _ in 0..8 {
        // The server may close the connection before everything is sent.
        let _ = connection.send(&chunk).await;
    }
    assert_eq!(connection.answer().await.unwrap().status, 413);
    still_serves(&server).await;
}

#[tokio::test]
async fn a_chunked_review_is_answered() {
    let server = Server::start(Limits::default()).await;
    let mut connection = server.connect().await;
    let (first, second) = REVIEW.split_at(50);
    connection.send(format!("POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len())).await.unwrap();
    assert_eq!(connection.answer().await.unwrap().body, ALLOWED);
}

#[tokio::test]
async fn requests_beyond_those_in_work_are_turned_away() {
    let held = GATE.lock().await;
    let server = Server::start_slow(|limits| limits.max_in_flight = 1).await;
    let mut holding = server.connect().await;
    holding.send(post(PATH, &large_review())).await.unwrap();
    eventually("in work", || server.metric("serverless_webhook_in_flight") == 1.0).await;
    let answer = server.connect().await.review(PATH, REVIEW).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (429, "too many requests are in progress\n"));
    assert!(answer.head.contains("retry-after: 1\r\n"), "{}", answer.head);
    drop(held);
    assert_eq!(holding.answer().await.unwrap().body, ALLOWED);
    eventually("done", || server.metric("serverless_webhook_in_flight") == 0.0).await;
    let answer = server.connect().await.review(PATH, &large_review()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, ALLOWED));
}

#[tokio::test]
async fn clients_with_half_a_body_are_not_in_work() {
    let server = server(|limits| limits.max_in_flight = 1).await;
    let mut holding = Vec::new();
    for _ in 0..20 {
        let mut connection = server.connect().await;
        connection.send(format!("{}{{", head(PATH, 100))).await.unwrap();
        holding.push(connection);
    }
    eventually("half a body is there", || server.free_memory() < 64 << 20).await;
    still_serves(&server).await;
    drop(holding);
}

#[tokio::test]
async fn a_client_that_never_reads_is_dropped() {
    let server = server(|limits| limits.connections.write = SHORT).await;
    let mut connection = server.connect().await;
    // Answers pile up until no more can be written; then no more requests are read, and the client cannot send any.
    let many = post("/not-found", "").repeat(1000);
    let flood = async { while connection.send(&many).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, flood).await.expect("the server keeps the connection");
    eventually("closed", || server.metric("serverless_webhook_connections ") == 0.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_connections_leave_nothing_behind() {
    let server = Server::start(Limits::default()).await;
    still_serves(&server).await;
    eventually("closed", || server.metric("serverless_webhook_connections ") == 0.0).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = (tasks(), sockets(&server));
    for round in 0..50 {
        let mut connections = Vec::new();
        for index in 0..100 {
            // Some clients leave before the handshake, some within a request, some after an answer.
            if index % 4 == 0 {
                drop(TcpStream::connect(server.address).await.unwrap());
            } else if round % 10 == 0 {
                let mut connection = server.connect().await;
                connection.send(head(PATH, 100)).await.unwrap();
                connections.push(connection);
            } else {
                let stream = TcpStream::connect(server.address).await.unwrap();
                stream.set_zero_linger().unwrap();
            }
        }
        drop(connections);
    }
    eventually("all accepted", || server.metric("serverless_webhook_connections_accepted_total") >= 5001.0)
        .await;
    eventually("nothing is left", || tasks() <= before.0 && sockets(&server) <= before.1).await;
    still_serves(&server).await;
}

/// The open sockets of the server, including its listener.
fn sockets(server: &Server) -> usize {
    let port = format!(":{:04X}", server.address.port());
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let is_open = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // A closed socket that only waits for the peer has no inode any more.
        fields[1].ends_with(&port) && fields[9] != "0"
    };
    table.lines().skip(1).filter(is_open).count()
}
