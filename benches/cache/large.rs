//! A large layer that is not in the cache: when its first byte comes, beside the upstream itself.

use std::time::{Duration, Instant};

use axum::body::Body;
use http_body_util::BodyExt as _;

use crate::harness::cached::{Cached, Setup};
use crate::harness::guarded::NAME;
use crate::harness::registry::{Auth, Registry};
use crate::harness::wait::wait_within;
use crate::http::{Blob, Connection};
use crate::upstream::server;

/// Of 64 KiB each: 1 GiB.
const PIECES: usize = 16 << 10;

pub async fn measure() {
    let upstream = Registry::start(Auth::Open, "");
    let blob = Blob::new("large", PIECES);
    put(&upstream, &blob);
    let path = format!("/v2/large/blobs/{}", blob.digest);
    let address = upstream.address();
    let start = Instant::now();
    let direct = first_bytes(&address, &path);
    assert!(direct > 0);
    let direct = start.elapsed();

    let cached = Cached::start(&Setup::of(format!("http://{address}")));
    wait_within(Duration::from_secs(20), "the cache is ready", || cached.is_ready());
    let mut connection = Connection::open(&server(&cached)).await;
    let start = Instant::now();
    let answer = connection.send("GET", &path, NAME, Body::empty()).await;
    assert_eq!(answer.status().as_u16(), 200);
    let (mut body, mut length, mut first) = (answer.into_body(), 0, None);
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().data_ref().map_or(0, |data| data.len() as u64);
        first.get_or_insert_with(|| start.elapsed());
    }
    let whole = start.elapsed();
    assert_eq!(length, blob.len());
    println!("\n| a layer of 1 GiB that is not cached | |");
    println!("|---|---|");
    println!("| first byte of the upstream | {:.1} ms |", direct.as_secs_f64() * 1000.0);
    println!("| first byte of the cache | {:.1} ms |", first.unwrap().as_secs_f64() * 1000.0);
    println!("| all of it by the cache | {:.2} s |", whole.as_secs_f64());
}

/// Puts a blob where the registry finds it.
fn put(upstream: &Registry, blob: &Blob) {
    let hex = blob.digest.strip_prefix("sha256:").unwrap();
    let root = upstream.images().join("docker/registry/v2");
    let data = root.join("blobs/sha256").join(&hex[..2]).join(hex);
    std::fs::create_dir_all(&data).unwrap();
    blob.write(&mut std::fs::File::create(data.join("data")).unwrap()).unwrap();
    let link = root.join("repositories/large/_layers/sha256").join(hex);
    std::fs::create_dir_all(&link).unwrap();
    std::fs::write(link.join("link"), &blob.digest).unwrap();
}

/// How much of the answer is in the first read, which is more than the head.
fn first_bytes(address: &str, path: &str) -> usize {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend(&buffer[..read]);
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..end]));
            if answer.len() > end + 4 {
                return answer.len() - end - 4;
            }
        }
    }
}
