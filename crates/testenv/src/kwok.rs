//! The node, and how kwok simulates it and its Pods.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The node.
pub(crate) fn manifest() -> Value {
    let capacity = json!({"cpu": "10000", "memory": "100Ti", "pods": "100000"});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "kwok-node",
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": "kwok-node", "kubernetes.io/os": "linux"},
        },
        "status": {"allocatable": capacity, "capacity": capacity},
    })
}

/// Writes the stages: those of kwok, except for the Pods of Jobs.
pub(crate) fn write_stages(assets: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let brought = fs::read_to_string(assets.join("stages.yaml"))?;
    let kept = brought.split("---\n").filter(|stage| !stage.contains("name: pod-complete"));
    let stages: Vec<_> = kept.chain([include_str!("stages.yaml")]).collect();
    let file = folder.join("stages.yaml");
    fs::write(&file, stages.join("---\n"))?;
    Ok(file)
}
