//! The arrows of ARCHITECTURE.md: which crate may use which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Each crate and the workspace crates that it may use, except in tests.
const ARROWS: [(&str, &[&str]); 13] = [
    ("serverless-api", &[]),
    ("serverless-cluster", &["serverless-decide", "serverless-process"]),
    (
        "serverless-controller",
        &[
            "serverless-api",
            "serverless-cluster",
            "serverless-decide",
            "serverless-policy",
            "serverless-process",
            "serverless-remote",
        ],
    ),
    ("serverless-credential-provider", &["serverless-decide", "serverless-policy"]),
    ("serverless-decide", &["serverless-api", "serverless-policy"]),
    (
        "serverless-node-agent",
        &["serverless-api", "serverless-decide", "serverless-policy", "serverless-process"],
    ),
    ("serverless-policy", &["serverless-api"]),
    ("serverless-process", &[]),
    (
        "serverless-registry",
        &[
            "serverless-api",
            "serverless-decide",
            "serverless-policy",
            "serverless-process",
            "serverless-remote",
        ],
    ),
    ("serverless-remote", &["serverless-api", "serverless-policy"]),
    (
        "serverless-webhook",
        &["serverless-api", "serverless-decide", "serverless-policy", "serverless-process"],
    ),
    ("testenv", &[]),
    ("xtask", &["serverless-api", "serverless-policy", "serverless-webhook"]),
];

/// Crates that a crate without I/O must not depend on, not even indirectly.
const IO: [&str; 8] = ["axum", "hyper", "kube-client", "mio", "reqwest", "russh", "rustls", "tokio"];

#[test]
fn crates_of_the_workspace_know_only_those_below() {
    let metadata = metadata();
    let members: BTreeSet<_> =
        metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let mut found = BTreeMap::new();
    for package in metadata.workspace_packages() {
        let known =
            package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        let known: BTreeSet<_> =
            known.map(|dependency| dependency.name.clone()).filter(|name| members.contains(name)).collect();
        found.insert(package.name.to_string(), known);
    }
    let allowed =
        ARROWS.map(|(name, known)| (name.to_owned(), known.iter().map(|&name| name.to_owned()).collect()));
    assert_eq!(found, BTreeMap::from(allowed));
}

#[test]
fn crates_of_rules_bring_in_no_io() {
    for package in
        ["serverless-api", "serverless-policy", "serverless-decide", "serverless-credential-provider"]
    {
        let tree = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
                "--package",
                package,
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let names: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(names.contains("serde"), "the tree of {package} was not read: {tree}");
        let io: Vec<_> = IO.into_iter().filter(|name| names.contains(name)).collect();
        assert_eq!(io, Vec::<&str>::new(), "{package}");
    }
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .other_options(["--offline".to_owned(), "--locked".to_owned(), "--no-deps".to_owned()])
        .exec()
        .unwrap()
}

/// The reconcilers of the controller do not use each other: what they share is in none of them.
#[test]
fn reconcilers_know_nothing_of_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/controller/src");
    let names = ["functions", "copies", "credentials", "image_registries", "registry_caches"];
    for name in names {
        let mut files = vec![root.join(format!("{name}.rs"))];
        let mut folders = vec![root.join(name)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for other in names.into_iter().filter(|other| *other != name) {
                assert!(!text.contains(&format!("crate::{other}")), "{} uses {other}", file.display());
            }
        }
    }
}
