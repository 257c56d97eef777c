//! Many connections: a new client always gets in, and one address does not keep others out.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::harness::connection::{Connection, head, post};
use crate::harness::reviews::{ALLOWED, GATE, PATH, REVIEW, large_review};
use crate::harness::server::{Limits, Server};
use crate::harness::wait::{PATIENCE, eventually};

/// The limit for "at once", on a busy machine: far below every time limit of these servers, which is [`PATIENCE`].
const AT_ONCE: Duration = Duration::from_secs(5);

async fn server(max_connections: usize, max_per_peer: usize) -> Server {
    let mut limits = Limits::default();
    limits.connections.max_connections = max_connections;
    limits.connections.max_per_peer = max_per_peer;
    Server::start(limits).await
}

async fn is_served(connection: &mut Connection) -> bool {
    connection.review(PATH, REVIEW).await.is_some_and(|answer| answer.body == ALLOWED)
}

async fn a_new_client_is_served_at_once(server: &Server) {
    let start = Instant::now();
    assert!(is_served(&mut server.connect().await).await);
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_all_1024_are_idle_the_one_idle_longest_is_closed() {
    let server = server(1024, 2048).await;
    let mut idle = Vec::new();
    for _ in 0..1024 {
        let mut connection = server.connect().await;
        assert!(is_served(&mut connection).await);
        idle.push(connection);
    }
    // The first one sends another request, so that the second one is idle for longest.
    assert!(is_served(&mut idle[0]).await);
    a_new_client_is_served_at_once(&server).await;
    idle[1].closed().await;
    for connection in [0, 2, 1023] {
        assert!(is_served(&mut idle[connection]).await, "{connection}");
    }
    assert_eq!(server.metric("serverless_webhook_connections_evicted_total{reason=\"full\"}"), 1.0);
}

#[tokio::test]
async fn clients_that_hold_a_connection_in_any_stage_give_way() {
    let server = server(4, 4).await;
    let handshake = TcpStream::connect(server.address).await.unwrap();
    let nothing = server.connect().await;
    let (mut half_a_head, mut half_a_body) = (server.connect().await, server.connect().await);
    half_a_head.send("POST / HT").await.unwrap();
    half_a_body.send(format!("{}{{", head(PATH, 100))).await.unwrap();
    eventually("half a body is there", || server.free_memory() < 64 << 20).await;
    for _ in 0..8 {
        a_new_client_is_served_at_once(&server).await;
    }
    let mut handshake = handshake;
    assert!(matches!(handshake.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    drop((nothing, half_a_head, half_a_body));
}

#[tokio::test]
async fn an_address_closes_its_own_connections_and_not_those_of_others() {
    let server = server(16, 8).await;
    let mut other = server.connect().await;
    assert!(is_served(&mut other).await);
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut connection = server.connect_from([127, 0, 0, 2]).await.unwrap();
        assert!(is_served(&mut connection).await);
        held.push(connection);
    }
    // It has been idle longer than all of the other address, and is still open.
    assert!(is_served(&mut other).await);
    assert_eq!(server.metric("serverless_webhook_connections_evicted_total{reason=\"peer\"}"), 32.0);
    assert_eq!(server.metric("serverless_webhook_connections_evicted_total{reason=\"full\"}"), 0.0);
    eventually("closed", || server.metric("serverless_webhook_connections ") == 9.0).await;
    held[0].closed().await;
    assert!(is_served(&mut held[39]).await);
}

#[tokio::test]
async fn no_more_than_one_connection_gives_way() {
    // All connections, and all of this address, are in use.
    let server = server(4, 4).await;
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut connection = server.connect().await;
        assert!(is_served(&mut connection).await);
        idle.push(connection);
    }
    let mut new = server.connect().await;
    assert!(is_served(&mut new).await);
    idle[0].closed().await;
    for connection in &mut idle[1..] {
        assert!(is_served(connection).await);
    }
}

#[tokio::test]
async fn a_connection_that_waits_for_its_answer_is_not_closed() {
    let held = GATE.lock().await;
    let server = Server::start_slow(|limits| limits.connections.max_connections = 1).await;
    let mut asking = server.connect().await;
    asking.send(post(PATH, &large_review())).await.unwrap();
    eventually("in work", || server.metric("serverless_webhook_in_flight") == 1.0).await;
    let (mut asking, second) = tokio::join!(
        async {
            // The second client keeps trying to connect, without success.
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(held);
            asking
        },
        server.connect()
    );
    assert_eq!(asking.answer().await.unwrap().body, ALLOWED);
    let mut second = second;
    assert_eq!(second.review(PATH, &large_review()).await.unwrap().body, ALLOWED);
}

#[tokio::test]
async fn an_address_that_waits_for_all_its_answers_gets_no_more_connections() {
    let held = GATE.lock().await;
    let server = Server::start_slow(|limits| limits.connections.max_per_peer = 1).await;
    let mut asking = server.connect_from([127, 0, 0, 2]).await.unwrap();
    asking.send(post(PATH, &large_review())).await.unwrap();
    eventually("in work", || server.metric("serverless_webhook_in_flight") == 1.0).await;
    assert!(server.connect_from([127, 0, 0, 2]).await.is_err());
    let others = server.connect().await;
    assert_eq!(server.metric("serverless_webhook_connections_evicted_total{reason=\"peer_refused\"}"), 1.0);
    drop((held, others));
    let answer = tokio::time::timeout(PATIENCE, asking.answer()).await.unwrap();
    assert_eq!(answer.unwrap().body, ALLOWED);
}
