//! The agent of a node probes mirrors, and leaves those out that do not answer.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::call::call;
use crate::harness::node_agent::{AgentNode, listen_as_mirror, value};
use crate::harness::wait::wait_until;

const FILE: &str = "docker.io/hosts.toml";

/// A mirror that asks for a login, until somebody asks for `/end`.
fn serve(listener: TcpListener) -> JoinHandle<()> {
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 1024];
            let size = stream.read(&mut head).unwrap_or(0);
            if head[..size].starts_with(b"GET /end") {
                return;
            }
            let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
        }
    })
}

#[test]
fn a_dead_mirror_is_left_out_within_five_seconds_and_comes_back() {
    let node = AgentNode::alone();
    let (listener, mirror) = listen_as_mirror();
    let address = listener.local_addr().unwrap();
    let endpoints = json!([{"endpoint": mirror, "insecure": true}]);
    fs::write(node.path("source/values"), value("docker.io", &endpoints)).unwrap();
    let serving = serve(listener);
    let agent = node.start();
    let is_there = || node.file(FILE).is_some_and(|text| text.contains(&mirror));
    wait_until("the mirror is there", is_there);
    agent.await_readiness(200, "ok\n");
    assert_eq!((agent.metric("mirrors"), agent.metric("mirrors_up")), (1.0, 1.0));

    call((&address.ip().to_string(), address.port()), "GET", "/end", &[], b"");
    serving.join().unwrap();
    let died = Instant::now();
    wait_until("the mirror is left out", || !is_there());
    assert!(died.elapsed() < Duration::from_secs(5), "{:?}", died.elapsed());
    let direct = "server = \"https://registry-1.docker.io\"";
    assert!(node.file(FILE).unwrap().contains(direct));
    assert_eq!((agent.readiness().0, agent.metric("mirrors_up")), (200, 0.0));

    serve(TcpListener::bind(address).unwrap());
    wait_until("the mirror is back", is_there);
}

/// Mirrors at one address, each with a path of its own, that answer until they are silent. Returns their endpoints.
fn mirrors(count: usize, silent: &Arc<AtomicBool>) -> Value {
    let (listener, mirror) = listen_as_mirror();
    let silent = Arc::clone(silent);
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if silent.load(Ordering::Relaxed) {
                open.push(stream);
                continue;
            }
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let endpoint = |number: usize| json!({"endpoint": format!("{mirror}/{number}"), "insecure": true, "overridePath": true});
    (0..count).map(endpoint).collect()
}

#[test]
fn a_hundred_mirrors_that_fall_silent_together_are_left_out_within_five_seconds() {
    let node = AgentNode::alone();
    let silent = Arc::new(AtomicBool::new(false));
    let endpoints = mirrors(100, &silent);
    fs::write(node.path("source/values"), value("docker.io", &endpoints)).unwrap();
    let agent = node.start();
    wait_until("the mirrors are there", || agent.metric("mirrors_up") == 100.0);
    agent.await_readiness(200, "ok\n");
    silent.store(true, Ordering::Relaxed);
    let died = Instant::now();
    let left = || node.file(FILE).unwrap().matches("[host.\"http://").count();
    wait_until("the mirrors are left out", || left() == 0);
    assert!(died.elapsed() < Duration::from_secs(5), "{:?}", died.elapsed());
}

/// Whoever holds the lock is as slow as a disk.
#[test]
fn while_files_cannot_be_written_the_agent_is_not_ready_and_mirrors_are_probed() {
    let node = AgentNode::alone();
    let silent = Arc::new(AtomicBool::new(false));
    let values = node.path("source/values");
    fs::write(&values, value("docker.io", &mirrors(2, &silent))).unwrap();
    let agent = node.start();
    agent.await_readiness(200, "ok\n");
    let lock = fs::File::open(node.path("certs.d/.serverless-node-agent/lock")).unwrap();
    lock.lock().unwrap();
    fs::write(&values, value("docker.io", &mirrors(3, &silent))).unwrap();
    agent.await_readiness(503, "the files of the newest value are not written yet\n");
    assert_eq!(agent.metric("up_to_date"), 0.0);
    wait_until("the new mirrors answer", || agent.metric("mirrors_up") == 3.0);
    silent.store(true, Ordering::Relaxed);
    wait_until("the mirrors are known to be dead", || agent.metric("mirrors_up") == 0.0);
    lock.unlock().unwrap();
    agent.await_readiness(200, "ok\n");
    assert_eq!(agent.metric("up_to_date"), 1.0);
    assert!(!node.file(FILE).unwrap().contains("[host.\"http://"));
}
