//! Real control planes for tests, and kubectl. The first test that needs a control plane starts it; it ends with this
//! process.

use std::path::Path;
use std::sync::LazyLock;

use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use crate::harness::command::{Printed, piped};

/// No manifest.
pub const NOTHING: &Value = &Value::Null;

/// A control plane with the CRDs, and without the webhook.
pub static BARE: LazyLock<ControlPlane> = LazyLock::new(|| {
    let control_plane = ControlPlane::start(&Options::default()).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    control_plane
});

/// A separate client for the user of a kubeconfig.
pub async fn client(kubeconfig: &Path) -> kube::Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    kube::Client::try_from(config.unwrap()).unwrap()
}

/// Runs kubectl with words as arguments, and a manifest or nothing as standard input.
pub fn kubectl(control_plane: &ControlPlane, words: &str, manifest: &Value) -> Printed {
    let mut command = control_plane.kubectl();
    command.args(words.split_whitespace());
    piped(command, &if manifest.is_null() { String::new() } else { manifest.to_string() })
}

/// A Function as its author writes it.
pub fn function(name: &str, spec: &Value) -> Value {
    object("Function", name, spec)
}

/// A `GitRepository` as its author writes it.
pub fn repository(name: &str, spec: &Value) -> Value {
    object("GitRepository", name, spec)
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}
