//! The configuration files of a node.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::addresses::{NODE_ADDRESS, POD_ADDRESSES_OF_NODE};
use crate::control_plane::ControlPlane;

/// Where containerd listens.
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";

/// The folder of `config_path` of containerd.
pub(super) const REGISTRIES: &str = "registries";

/// Writes them all into a folder.
pub(super) fn write(
    folder: &Path,
    tools: &Path,
    control_plane: &ControlPlane,
    cgroup: &str,
    plain_registries: &[&str],
) -> anyhow::Result<()> {
    let cni = folder.join("cni");
    fs::create_dir_all(&cni)?;
    fs::write(folder.join("containerd.toml"), containerd(folder, tools))?;
    fs::write(cni.join("pods.conflist"), network().to_string())?;
    fs::write(folder.join("kubelet.json"), kubelet(folder, control_plane, cgroup).to_string())?;
    // The node may forget names that its Pods know.
    fs::copy("/etc/hosts", folder.join("hosts"))?;
    fs::write(folder.join("Corefile"), dns(folder, control_plane))?;
    fs::write(folder.join("resolv.conf"), "")?;
    for registry in plain_registries {
        let hosts = folder.join(REGISTRIES).join(registry);
        fs::create_dir_all(&hosts)?;
        fs::write(hosts.join("hosts.toml"), format!("server = \"http://{registry}\"\n"))?;
    }
    Ok(())
}

fn containerd(folder: &Path, tools: &Path) -> String {
    let (folder, tools) = (folder.display(), tools.display());
    format!(
        r#"version = 3
root = "{folder}/containerd"
state = "/run/containerd"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"
pinned_images.sandbox = "localhost/pause:1"
registry.config_path = "{folder}/{REGISTRIES}"

[plugins."io.containerd.cri.v1.runtime"]
# Root in a container or a small machine may not lower it.
restrict_oom_score_adj = true
cni.bin_dirs = ["{tools}"]
cni.conf_dir = "{folder}/cni"
containerd.default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
options.BinaryName = "{tools}/runc"
options.SystemdCgroup = false
"#
    )
}

fn network() -> serde_json::Value {
    json!({"cniVersion": "1.0.0", "name": "pods", "plugins": [{
        "type": "bridge",
        "bridge": "pods0",
        "isDefaultGateway": true,
        "hairpinMode": true,
        "ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": POD_ADDRESSES_OF_NODE}]]},
    }]})
}

fn kubelet(folder: &Path, control_plane: &ControlPlane, cgroup: &str) -> serde_json::Value {
    let path = |file: &str| folder.join(file).display().to_string();
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "authentication": {
            "anonymous": {"enabled": false},
            "x509": {"clientCAFile": control_plane.folder().join("ca.crt").display().to_string()},
        },
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup,
        "clusterDNS": [NODE_ADDRESS],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": format!("unix://{}", SOCKET),
        "enforceNodeAllocatable": [],
        // Not a part of the disk: one of a large machine would be more than the tests need.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "200Mi", "imagefs.available": "200Mi"},
        "failCgroupV1": false,
        "failSwapOn": false,
        "kubeAPIQPS": 500,
        "kubeAPIBurst": 1000,
        "podLogsDir": path("logs"),
        "registryPullQPS": 0,
        "resolvConf": path("resolv.conf"),
        "serializeImagePulls": false,
        "syncFrequency": "5s",
        "volumePluginDir": path("plugins"),
        // How often it measures what volumes hold, for their limits.
        "volumeStatsAggPeriod": "5s",
    })
}

/// Names of Services, and of the servers of the tests, which `tests/node/inside.sh` names alike for the node itself.
fn dns(folder: &Path, control_plane: &ControlPlane) -> String {
    let (hosts, kubeconfig) = (folder.join("hosts"), control_plane.kubeconfig());
    format!(
        r".:53 {{
  bind {NODE_ADDRESS}
  errors
  hosts {} {{
    fallthrough
  }}
  kubernetes cluster.local {{
    kubeconfig {}
  }}
}}
",
        hosts.display(),
        kubeconfig.display()
    )
}
