//! Files in, findings out: each check with the node that it finds, and with one that is well.

mod config_path;
mod endpoints;
mod files;
mod folders;
mod logins;
mod probes;
mod wanted;

use jiff::Timestamp;
use policy::container_registries::HiddenText;

use super::super::{Entry, File, Input, Tree, examine};
use crate::nodes::version::Version;

/// A password that no finding may hold, and as it is in a header.
const PASSWORD: &str = "cGFzc3dvcmQ6c2VjcmV0";

/// An authority until 2126.
const CA: &str = include_str!("../../../../../policy/src/container_registries/values/tests/ca.pem");

/// A configuration of containerd 2.x that is well.
const CONFIG: &str = "version = 3
[plugins.\"io.containerd.cri.v1.images\".registry]
config_path = \"/etc/containerd/certs.d\"
";

/// A mirror that is well.
const MIRROR: &str = "[host.\"https://mirror.example.com\"]
capabilities = [\"pull\", \"resolve\"]
dial_timeout = \"1s\"
ca = \"ca.pem\"
";

/// A node with files at their paths below `/etc/containerd`.
fn node(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    tree.add_root("/etc/containerd");
    tree.add_root("/etc/docker/certs.d");
    tree.add("/etc/containerd/certs.d", Entry::Folder);
    for (path, text) in files {
        let path = if path.starts_with('/') { (*path).to_owned() } else { format!("/etc/containerd/{path}") };
        for (end, _) in path.match_indices('/').skip(3) {
            tree.add(&path[..end], Entry::Folder);
        }
        if !path.ends_with('/') {
            tree.add(path, file(text, 0o600));
        }
    }
    tree
}

fn file(text: &str, mode: u32) -> Entry {
    Entry::File(File { text: HiddenText::new(text), mode, changed: None })
}

/// What the doctor knows of a node on a certain day.
fn input<'a>(tree: &'a Tree, version: &str) -> Input<'a> {
    Input {
        tree,
        version: parsed(version),
        wanted: None,
        now: at("2026-11-26T12:00:00Z"),
        started: None,
        probes: &[],
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The findings as text, `file:line severity: problem | remedy`, without the folder of containerd.
fn found(input: &Input<'_>) -> Vec<String> {
    let findings = examine(input);
    let show = |finding: &super::super::Finding| {
        let place = &finding.place;
        let file = place.file.strip_prefix("/etc/containerd/").unwrap_or(&place.file);
        let severity = format!("{:?}", finding.severity).to_lowercase();
        format!("{file}:{} {severity}: {} | {}", place.line, finding.problem, finding.remedy)
    };
    let texts: Vec<_> = findings.iter().map(show).collect();
    assert!(!texts.iter().any(|text| text.contains(PASSWORD)), "{texts:?}");
    texts
}

/// The findings of a node with a version of containerd.
fn examined(version: &str, files: &[(&str, &str)]) -> Vec<String> {
    let tree = node(files);
    found(&input(&tree, version))
}

fn parsed(version: &str) -> Version {
    version.parse().unwrap()
}

#[test]
fn nothing_is_found_on_a_node_that_is_well() {
    let hub = format!(
        "server = \"https://registry-1.docker.io\"\n[host.\"https://registry-1.docker.io\"]\n[host.\"https://registry-1.docker.io\".header]\nAuthorization = [\"Basic {PASSWORD}\"]\n"
    );
    let files = [
        ("config.toml", CONFIG),
        ("certs.d/docker.io/hosts.toml", &hub),
        ("certs.d/quay.io/hosts.toml", MIRROR),
        ("certs.d/quay.io/ca.pem", CA),
        ("certs.d/example.com_5000_/ca.crt", ""),
        ("certs.d/_default/hosts.toml", "[host.\"http://127.0.0.1:5000\"]\ndial_timeout = \"200ms\"\n"),
    ];
    assert_eq!(examined("2.4.2", &files), Vec::<String>::new());
}
