//! Mirrors that answer, and others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use rcgen::{CertificateParams, date_time_ymd};
use rstest::rstest;
use tokio::net::TcpListener;

use super::*;
use crate::any_certificate;
use crate::test_server::{acceptor, serve};

/// A mirror that listens.
async fn listen(tls: bool) -> (TcpListener, Target) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, Target { tls, host: "127.0.0.1".to_owned(), port, path: "/v2/".to_owned() })
}

async fn answers(target: &Target) -> bool {
    Asker::new(any_certificate::config().unwrap()).answers(target).await
}

#[rstest]
#[case::ok("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true)]
#[case::login("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", true)]
#[case::failing("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9000\r\n\r\n", true)]
#[case::redirect("HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\n\r\n", true)]
#[case::not_http("SSH-2.0-OpenSSH_9.2\r\n", false)]
#[case::nothing("", false)]
#[tokio::test]
async fn any_http_answer_is_one(#[case] answer: &str, #[case] expected: bool) {
    let (listener, target) = listen(false).await;
    let served = async { serve(&mut listener.accept().await.unwrap().0, answer).await };
    let (found, head) = tokio::join!(answers(&target), served);
    assert_eq!(found, expected);
    let host = format!("127.0.0.1:{}", target.port);
    let agent = "serverless-node-agent/0.2.0";
    let expected =
        format!("GET /v2/ HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\nconnection: close\r\n\r\n");
    assert_eq!(head, expected);
}

#[tokio::test]
async fn a_mirror_with_any_certificate_answers() {
    let mut parameters = CertificateParams::new(["elsewhere.example.com".to_owned()]).unwrap();
    parameters.not_after = date_time_ymd(2020, 1, 1);
    let (acceptor, _) = acceptor(&parameters);
    let (listener, target) = listen(true).await;
    let served = async {
        let stream = listener.accept().await.unwrap().0;
        let mut stream = acceptor.accept(stream).await.unwrap();
        serve(&mut stream, "HTTP/1.1 404 Not Found\r\n\r\n").await;
    };
    assert!(tokio::join!(answers(&target), served).0);
}

#[tokio::test]
async fn a_silent_mirror_is_waited_for_no_longer_than_a_second_and_a_closed_port_not_at_all() {
    for tls in [false, true] {
        let (listener, target) = listen(tls).await;
        let start = Instant::now();
        assert!(!answers(&target).await);
        assert!(start.elapsed() >= TIMEOUT && start.elapsed() < TIMEOUT + Duration::from_millis(500));
        drop(listener);
        assert!(!answers(&target).await);
        assert!(start.elapsed() < TIMEOUT + Duration::from_millis(900));
    }
}
