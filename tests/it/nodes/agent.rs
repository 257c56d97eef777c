//! The agent of a node with a real API server, and its files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use decide::nodes::files::MARKER;
use serde_json::{Value, json};

use crate::harness::call::call;
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::node_agent::{AgentNode, control_plane, set_value, value};
use crate::harness::wait::{wait_until, wait_within};

const FILE: &str = "docker.io/hosts.toml";
/// How soon a change of the Secret is on the node.
const SOON: Duration = Duration::from_secs(2);

/// A value for Docker Hub with a password.
fn with_password(password: &str) -> String {
    let credentials = json!({"username": "me", "password": password});
    value("docker.io", &json!([{"endpoint": "registry-1.docker.io", "credentials": credentials}]))
}

/// The header that containerd sends then.
fn header(password: &str) -> String {
    format!("Authorization = [\"Basic {}\"]", STANDARD.encode(format!("me:{password}")))
}

#[test]
fn a_changed_secret_is_on_the_node_within_two_seconds_and_a_broken_one_changes_nothing() {
    let control_plane = control_plane();
    let node = AgentNode::of(&control_plane);
    let agent = node.start();
    // Nobody asks for anything yet.
    agent.await_readiness(200, "ok\n");
    assert_eq!(agent.metric("up_to_date"), 1.0);

    for number in 0..10 {
        let password = format!("hush-{number}");
        set_value(&control_plane, &with_password(&password));
        let expected = header(&password);
        wait_within(SOON, &password, || node.file(FILE).is_some_and(|text| text.contains(&expected)));
    }
    agent.await_readiness(200, "ok\n");
    assert_eq!((agent.metric("files_written_total"), agent.metric("up_to_date")), (10.0, 1.0));

    // What is right is not written again.
    let before = fs::metadata(node.path("certs.d").join(FILE)).unwrap();
    let same = with_password("hush-9").replace("{\"containerRegistries\"", "{ \"containerRegistries\"");
    set_value(&control_plane, &same);

    let broken =
        value("docker.io", &json!([{"endpoint": "http://mirror", "credentials": {"password": "hush-x"}}]));
    set_value(&control_plane, &broken);
    agent.await_readiness(503, "the newest value is invalid: the log names 2 violations\n");
    assert_eq!((agent.metric("values_refused_total"), agent.metric("up_to_date")), (1.0, 0.0));
    let after = fs::metadata(node.path("certs.d").join(FILE)).unwrap();
    assert_eq!(after.modified().unwrap(), before.modified().unwrap());
    let log = agent.process.output();
    assert!(log.contains("containerRegistries[docker.io][0].endpoint"), "{log}");
    assert!(!log.contains("hush"), "{log}");

    set_value(&control_plane, &with_password("hush-10"));
    agent.await_readiness(200, "ok\n");
    kubectl(&control_plane, "delete secret node-registries -n kyma-system", NOTHING).unwrap();
    agent.await_readiness(503, "the Secret kyma-system/node-registries does not exist\n");
    assert!(node.file(FILE).unwrap().contains(&header("hush-10")));
}

#[test]
fn without_its_api_server_the_node_stays_as_it_is_and_follows_when_it_is_back() {
    let mut control_plane = control_plane();
    set_value(&control_plane, &with_password("a"));
    let node = AgentNode::of(&control_plane);
    let mut agent = node.start();
    agent.await_readiness(200, "ok\n");
    control_plane.restart_api_server().unwrap();
    wait_until("the agent has noticed", || {
        agent.metric("source_errors_total") >= 1.0 || agent.process.output().contains("cannot be read")
    });
    assert_eq!(agent.readiness(), (200, "ok\n".to_owned()));
    set_value(&control_plane, &with_password("b"));
    wait_until("the agent follows", || node.file(FILE).unwrap().contains(&header("b")));
    // Another agent finds the files as they should be.
    agent.process.signal("TERM").unwrap();
    assert_eq!(agent.process.wait().unwrap(), 0);
    assert!(node.file(FILE).unwrap().contains(&header("b")));
    let next = node.start();
    next.await_readiness(200, "ok\n");
    assert_eq!(next.metric("files_written_total"), 0.0);
}

#[test]
fn the_end_of_a_pod_removes_files_if_the_agent_is_uninstalled_and_not_in_a_rolling_update() {
    let control_plane = control_plane();
    set_value(&control_plane, &with_password("a"));
    let node = AgentNode::of(&control_plane);
    let agent = node.start();
    agent.await_readiness(200, "ok\n");
    let pre_stop = ["clean", "--unless-daemon-set=serverless-node-agent"];
    let clean = || node.command(&pre_stop).output().unwrap();

    let kept = clean();
    assert_eq!((kept.status.code(), node.file(FILE).is_some()), (Some(0), true));
    assert_eq!(kept.stdout, b"the DaemonSet serverless-node-agent exists: nothing was removed\n");

    let mut away = node.command(&pre_stop);
    let unreachable =
        away.env("KUBERNETES_SERVICE_PORT", testenv::free_port().unwrap().to_string()).output().unwrap();
    let message = String::from_utf8(unreachable.stderr).unwrap();
    assert_eq!(unreachable.status.code(), Some(69), "{message}");
    assert!(
        message.starts_with("error: nothing was removed: the API server cannot be reached: "),
        "{message}"
    );
    assert!(node.file(FILE).is_some());

    // A deletion that waits for the Pods: the DaemonSet is still there.
    let finalizer = r#"{"metadata":{"finalizers":["example.com/wait"]}}"#;
    let daemon_set = "daemonset serverless-node-agent -n kyma-system";
    kubectl(&control_plane, &format!("patch {daemon_set} --type=merge -p {finalizer}"), NOTHING).unwrap();
    kubectl(&control_plane, &format!("delete {daemon_set} --wait=false"), NOTHING).unwrap();
    let cleaned = clean();
    assert_eq!(
        (cleaned.status.code(), cleaned.stdout.as_slice()),
        (Some(0), b"files removed: 1\n".as_slice())
    );
    assert_eq!(fs::read_dir(node.path("certs.d")).unwrap().count(), 0);

    // The agent that still runs writes nothing more.
    set_value(&control_plane, &with_password("b"));
    let text = "`clean` has removed the files of this node: the agent writes nothing until it starts again\n";
    agent.await_readiness(503, text);
    assert_eq!(fs::read_dir(node.path("certs.d")).unwrap().count(), 0);
    drop(agent);

    // An uninstall may delete the rights of the account before its Pods have ended.
    let again = node.start();
    again.await_readiness(200, "ok\n");
    kubectl(&control_plane, "delete rolebinding serverless-node-agent -n kyma-system", NOTHING).unwrap();
    assert_eq!((clean().status.code(), node.file(FILE)), (Some(0), None));
}

/// Helm deletes the account before the Pods have ended, and the API server knows its token no longer.
#[test]
fn the_end_of_a_pod_whose_account_is_gone_removes_files() {
    let control_plane = control_plane();
    let node = AgentNode::of(&control_plane);
    let written = node.path("certs.d").join(FILE);
    fs::create_dir(written.parent().unwrap()).unwrap();
    fs::write(&written, format!("{MARKER}\n")).unwrap();
    for object in ["daemonset", "rolebinding", "serviceaccount"] {
        let words = format!("delete {object} serverless-node-agent -n kyma-system");
        kubectl(&control_plane, &words, NOTHING).unwrap();
    }
    let cleaned = node.command(&["clean", "--unless-daemon-set=serverless-node-agent"]).output().unwrap();
    let said = String::from_utf8(cleaned.stderr).unwrap();
    assert_eq!((cleaned.status.code(), written.exists()), (Some(0), false), "{said}");
}

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

/// Linux reads `127.1` as 127.0.0.1; the agent, which leaves addresses of its node alone, does not know it.
#[test]
fn a_dead_mirror_is_left_out_within_five_seconds_and_comes_back() {
    let node = AgentNode::alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mirror = format!("127.1:{port}");
    let endpoints = json!([{"endpoint": mirror, "insecure": true}]);
    fs::write(node.path("source/values"), value("docker.io", &endpoints)).unwrap();
    let serving = serve(listener);
    let agent = node.start();
    let is_there = || node.file(FILE).is_some_and(|text| text.contains(&mirror));
    wait_until("the mirror is there", is_there);
    agent.await_readiness(200, "ok\n");
    assert_eq!((agent.metric("mirrors"), agent.metric("mirrors_up")), (1.0, 1.0));

    call(("127.0.0.1", port), "GET", "/end", &[], b"");
    serving.join().unwrap();
    let died = Instant::now();
    wait_until("the mirror is left out", || !is_there());
    assert!(died.elapsed() < Duration::from_secs(5), "{:?}", died.elapsed());
    let direct = "server = \"https://registry-1.docker.io\"";
    assert!(node.file(FILE).unwrap().contains(direct));
    assert_eq!((agent.readiness().0, agent.metric("mirrors_up")), (200, 0.0));

    serve(TcpListener::bind(("127.0.0.1", port)).unwrap());
    wait_until("the mirror is back", is_there);
}

/// Mirrors at one address, each with a path of its own, that answer until they are silent. Returns their endpoints.
fn mirrors(count: usize, silent: &Arc<AtomicBool>) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
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
    let endpoint = |number: usize| json!({"endpoint": format!("127.1:{port}/{number}"), "insecure": true, "overridePath": true});
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
    let left = || node.file(FILE).unwrap().matches("[host.\"http://127.1").count();
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
    assert!(!node.file(FILE).unwrap().contains("127.1"));
}

#[test]
fn a_file_of_somebody_else_stays_and_the_agent_says_which() {
    let node = AgentNode::alone();
    fs::create_dir(node.path("certs.d/docker.io")).unwrap();
    fs::write(node.path("certs.d").join(FILE), "server = \"https://elsewhere\"\n").unwrap();
    fs::write(node.path("source/values"), with_password("a")).unwrap();
    let agent = node.start();
    let text = format!("{FILE} is not ours: remove it, or remove its host from the value\n");
    agent.await_readiness(503, &text);
    assert_eq!((agent.metric("foreign_files"), agent.metric("files_in_the_way")), (1.0, 1.0));
    assert_eq!(node.file(FILE).unwrap(), "server = \"https://elsewhere\"\n");
}
