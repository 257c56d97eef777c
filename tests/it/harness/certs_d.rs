//! The registry configuration of the node: files that we render and write, and pulls.

use std::fs;
use std::path::PathBuf;

use decide::nodes::files::Files;
use decide::nodes::render::hosts::{Options, render};
use jiff::Timestamp;
use policy::container_registries::{self, Registries};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::command::piped;
use crate::harness::real_cluster::CLUSTER;

/// What people write for a host.
pub fn read(host: &str, registry: &Value) -> Registries {
    let values = json!({"containerRegistries": {host: registry}}).to_string();
    let reading = container_registries::read(&values, Timestamp::now());
    assert_eq!(reading.violations, []);
    reading.registries
}

/// The files for a host.
pub fn files(host: &str, registry: &Value) -> Files {
    render(&read(host, registry), Options::default()).files
}

/// Writes files to the node, as the agent does: each whole, authorities before the file that names them.
pub fn write(files: &Files) {
    let folder = CLUSTER.node.registries();
    let temporary = TempDir::new_in(folder.parent().unwrap()).unwrap();
    for (path, text) in &files.0 {
        let new = temporary.path().join("new");
        fs::write(&new, text.reveal()).unwrap();
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::rename(new, path).unwrap();
    }
}

/// Lets images of a host come from somewhere.
pub fn configure(host: &str, registry: &Value) {
    write(&files(host, registry));
}

/// Pulls an image as the kubelet does. Returns what containerd says if it fails.
pub fn pull(image: &str) -> Result<(), String> {
    let mut crictl = CLUSTER.node.crictl();
    crictl.args(["pull", image]);
    let printed = piped(crictl, "");
    if printed.ok { Ok(()) } else { Err(printed.err) }
}

/// Holds that a pull fails, for the reason that is part of what containerd says.
#[track_caller]
pub fn refused(image: &str, why: &str) {
    let said = pull(image).unwrap_err();
    assert!(said.contains(why), "{said}");
}

/// A Pod that waits.
pub fn pod(name: &str, image: &str) -> Value {
    let container = json!({"name": "app", "image": image, "imagePullPolicy": "Always"});
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    })
}

/// What containerd has logged.
pub fn log_of_containerd() -> String {
    fs::read_to_string(CLUSTER.control_plane.folder().join("containerd.log")).unwrap()
}

/// The only process of a name, which the kernel cuts after 15 bytes.
pub fn process(name: &str) -> PathBuf {
    let is_it = |process: &PathBuf| {
        fs::read_to_string(process.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    };
    let mut processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).filter(is_it);
    let process = processes.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(processes.next(), None);
    process
}
