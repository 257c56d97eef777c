//! Requests of an API server, and what is done with connections and bodies besides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use crate::rates::{Load, Server, Target, ask, connect, connector, finish};

/// A review, which must be allowed.
pub fn review(name: &str, path: &str, body: Vec<u8>) -> Target {
    let mut request = head(path, &format!("Content-Length: {}", body.len())).into_bytes();
    let length = body.len();
    request.extend(body);
    Target { name: name.to_owned(), body: length, request: Arc::new(request), proof: b"\"allowed\":true" }
}

fn head(path: &str, length: &str) -> String {
    format!(
        "POST {path}?timeout=5s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    )
}

/// A new connection, with a full handshake, for each request.
pub async fn handshakes(server: &Server, connections: usize, time: Duration) -> Load {
    let connector = connector(server);
    let target = review("", "/validation/functions", crate::bodies::of("validation-functions"));
    let (start, cpu, port) = (Instant::now(), server.cpu_seconds(), server.port);
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (connector, request, proof) = (connector.clone(), Arc::clone(&target.request), target.proof);
        tasks.spawn(async move {
            let (mut latencies, mut buffer) = (Vec::new(), vec![0; 16 << 10]);
            while start.elapsed() < time {
                let begin = Instant::now();
                let mut stream = connect(&connector, port).await;
                ask(&mut stream, &request, proof, &mut buffer).await;
                latencies.push(begin.elapsed().as_micros() as u32);
            }
            latencies
        });
    }
    finish(tasks, server, start, cpu).await
}

/// Sends large bodies at the same time, as far as the server accepts them. Returns how many were refused.
pub async fn flood(server: &Server, connections: usize, size: usize, chunked: bool) -> usize {
    let connector = connector(server);
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (connector, port) = (connector.clone(), server.port);
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
