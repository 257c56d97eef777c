//! The agent of a node with a real API server, and its files.

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use decide::nodes::files::MARKER;
use serde_json::json;
use testenv::ControlPlane;

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::node_agent::{AgentNode, control_plane, set_value, value};
use crate::harness::wait::{wait_until, wait_within};

const FILE: &str = "docker.io/hosts.toml";
/// What `/readyz` says of an agent whose files are not its own any more.
const SUPERSEDED: &str = "another agent has the files of this node now, or `clean` has removed them: this agent writes nothing until it starts again\n";
/// What the end of a Pod runs `clean` with.
const PRE_STOP: &str = "--unless-daemon-set=serverless-node-agent";
/// How soon a change of the Secret is on the node.
const SOON: Duration = Duration::from_secs(2);

/// A value for Docker Hub with a password.
fn with_password(password: &str) -> String {
    let credentials = json!({"username": "me", "password": password});
    value("docker.io", &json!([{"endpoint": "registry-1.docker.io", "credentials": credentials}]))
}

/// A cluster with the password `a`, and a node of it.
fn start() -> (ControlPlane, AgentNode) {
    let control_plane = control_plane();
    set_value(&control_plane, &with_password("a"));
    let node = AgentNode::of(&control_plane);
    (control_plane, node)
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
fn without_a_secret_of_the_controller_an_agent_that_starts_leaves_files_alone_and_says_that_they_are_old() {
    let (control_plane, node) = start();
    node.start().await_readiness(200, "ok\n");
    let delete = || kubectl(&control_plane, "delete secret node-registries -n kyma-system", NOTHING).unwrap();
    delete();
    let agent = node.start();
    let text = "the Secret kyma-system/node-registries does not exist\nfiles of an earlier value are on this node (1): write a value, or remove them with `serverless-node-agent clean`\n";
    agent.await_readiness(503, text);
    assert_eq!(agent.metric("up_to_date"), 0.0);
    let log = agent.process.output();
    assert!(log.contains("files of an earlier value are on this node"), "{log}");

    let theirs = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "node-registries", "namespace": "kyma-system"},
        "stringData": {"values": with_password("theirs")},
    });
    kubectl(&control_plane, "apply -f -", &theirs).unwrap();
    let foreign = "the Secret kyma-system/node-registries belongs to somebody else: delete it or rename it, so that the controller can write its own";
    wait_until("the agent says whose Secret it is", || agent.readiness().1.starts_with(foreign));
    assert_eq!((agent.readiness().0, agent.metric("values_refused_total")), (503, 1.0));
    assert!(agent.process.output().contains(foreign));
    assert!(node.file(FILE).unwrap().contains(&header("a")));

    delete();
    let bytes = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "node-registries",
            "namespace": "kyma-system",
            "labels": {"app.kubernetes.io/name": "serverless-controller"},
        },
        "data": {"values": "/w=="},
    });
    kubectl(&control_plane, "apply -f -", &bytes).unwrap();
    let broken = "the Secret kyma-system/node-registries holds a value that is no UTF-8 text";
    wait_until("the agent says that it is no text", || agent.readiness().1.starts_with(broken));
    set_value(&control_plane, &with_password("b"));
    agent.await_readiness(200, "ok\n");
    assert!(node.file(FILE).unwrap().contains(&header("b")));
}

#[test]
fn without_its_api_server_the_node_stays_as_it_is_and_follows_when_it_is_back() {
    let (mut control_plane, node) = start();
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
    let (control_plane, node) = start();
    let agent = node.start();
    agent.await_readiness(200, "ok\n");
    let pre_stop = ["clean", PRE_STOP];
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
    agent.await_readiness(503, SUPERSEDED);
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
    let cleaned = node.command(&["clean", PRE_STOP]).output().unwrap();
    let said = String::from_utf8(cleaned.stderr).unwrap();
    assert_eq!((cleaned.status.code(), written.exists()), (Some(0), false), "{said}");
}

/// What `clean` prints in a Pod.
fn clean(node: &AgentNode, pod: &str, arguments: &[&str]) -> String {
    let mut clean = node.command(&[&["clean"], arguments].concat());
    clean.env("POD_UID", pod);
    piped(clean, "").unwrap()
}

/// An installation right after an uninstall, or in another namespace: the Pods of the earlier agent end later.
#[test]
fn the_end_of_a_pod_removes_nothing_of_the_agent_in_another_pod() {
    let (control_plane, node) = start();
    let earlier = node.start_in("earlier");
    earlier.await_readiness(200, "ok\n");
    let next = node.start_in("next");
    next.await_readiness(200, "ok\n");
    kubectl(&control_plane, "delete daemonset serverless-node-agent -n kyma-system", NOTHING).unwrap();
    assert_eq!(
        clean(&node, "earlier", &[PRE_STOP]),
        "the files are those of the agent in another Pod: nothing was removed\n"
    );
    // If the earlier one runs on, it leaves the files to the next one.
    set_value(&control_plane, &with_password("b"));
    wait_until("the next one follows", || node.file(FILE).unwrap().contains(&header("b")));
    next.await_readiness(200, "ok\n");
    earlier.await_readiness(503, SUPERSEDED);
    assert_eq!((clean(&node, "next", &[PRE_STOP]), node.file(FILE)), ("files removed: 1\n".to_owned(), None));
}

/// Its files are those of the Pod that follows, also if that writes nothing itself.
#[test]
fn the_end_of_a_pod_removes_what_an_earlier_one_has_written() {
    let (control_plane, node) = start();
    let earlier = node.start_in("earlier");
    earlier.await_readiness(200, "ok\n");
    drop(earlier);
    kubectl(&control_plane, "delete secret node-registries -n kyma-system", NOTHING).unwrap();
    let lock = node.path("certs.d/.serverless-node-agent/lock");
    assert_eq!(fs::read_to_string(&lock).unwrap(), "earlier");
    let _next = node.start_in("next");
    wait_until("it takes over", || fs::read_to_string(&lock).unwrap() == "next");
    assert!(node.file(FILE).is_some());
    kubectl(&control_plane, "delete daemonset serverless-node-agent -n kyma-system", NOTHING).unwrap();
    assert_eq!(clean(&node, "next", &[PRE_STOP]), "files removed: 1\n");
    // Who asks for it without a condition removes them, whoever has them.
    set_value(&control_plane, &with_password("b"));
    let another = node.start_in("another");
    another.await_readiness(200, "ok\n");
    assert_eq!((clean(&node, "next", &[]), node.file(FILE)), ("files removed: 1\n".to_owned(), None));
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
