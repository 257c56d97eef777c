//! Whatever was started ends with the process that started it, even if that is killed, and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How many processes have this text in their command line.
fn running(text: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(text)).count()
}

fn await_running(text: &str, holds: impl Fn(usize) -> bool) {
    let deadline = Instant::now() + testenv::PATIENCE;
    while !holds(running(text)) {
        assert!(Instant::now() < deadline, "{} processes with {text} run", running(text));
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn neither_process_nor_file_is_left_behind_by_one_that_is_killed() {
    let mut cluster = Command::new(env!("CARGO_BIN_EXE_testenv"))
        .args(["/nowhere/serverless-webhook", "/nowhere/serverless-controller"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // etcd and kube-apiserver, each with the two shells that watch it.
    let path = testenv::folder_of(cluster.id(), 0);
    let folder = format!("{}/", path.display());
    await_running(&folder, |count| count >= 6);
    assert!(path.exists());
    cluster.kill().unwrap();
    cluster.wait().unwrap();
    await_running(&folder, |count| count == 0);
    let deadline = Instant::now() + testenv::PATIENCE;
    while path.exists() {
        assert!(Instant::now() < deadline, "{} is still there", path.display());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "it needs root: make test-node"]
fn neither_process_nor_mount_nor_cgroup_is_left_behind_by_namespaces_of_a_node_that_are_killed() {
    // What a Pod is: a process in a cgroup of its own, in a mount.
    let pod = r#"mkdir /run/pod && mount -t tmpfs tmpfs /run/pod
for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ ! -e "$root$NODE_CGROUP/cgroup.procs" ] || mkdir -p "$root$NODE_CGROUP/kubepods/pod"
done
sleep 98765 &
sleep 98765"#;
    let run = testenv::root().join("tests/node/run.sh");
    let mut node = Command::new(run).args(["sh", "-c", pod]).spawn().unwrap();
    let name = format!("serverless-node-{}", node.id());
    let left = || {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap().contains(&name);
        let cgroups = Command::new("find").args(["/sys/fs/cgroup", "-name", &name]).output().unwrap();
        let folder = testenv::root().join("target").join(&name).exists();
        (mounts, folder, String::from_utf8(cgroups.stdout).unwrap().lines().count())
    };
    await_running("sleep\u{0}98765", |count| count == 2);
    let (mounts, folder, cgroups) = left();
    assert!(!mounts && folder && cgroups > 0, "{cgroups} cgroups");
    node.kill().unwrap();
    node.wait().unwrap();
    await_running("sleep\u{0}98765", |count| count == 0);
    let deadline = Instant::now() + testenv::PATIENCE;
    while left() != (false, false, 0) {
        assert!(Instant::now() < deadline, "{:?}", left());
        thread::sleep(Duration::from_millis(50));
    }
}
