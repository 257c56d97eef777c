//! The agent as the chart installs it: people write a Secret into the base namespace, the controller composes it, and a Pod
//! brings it to the node.

use std::fs;

use serde_json::{Value, json};

use crate::harness::agent::FOLDER_OF_CONTAINERD;
use crate::harness::certs_d::{pull, refused};
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::real_cluster::{CLUSTER, Namespace, secret};
use crate::harness::registry::Auth;
use crate::harness::wait::wait_until;

const SYSTEM: &str = "kyma-system";
const PODS: &str = "pod -l app.kubernetes.io/name=serverless-node-agent";

/// Writes the Secret, as people do.
fn set(system: &Namespace, registries: &Value) {
    let labels = json!({"serverless.kyma-project.io/container-registries": "config"});
    let values = json!({"containerRegistries": registries}).to_string();
    let metadata = json!({"name": "registries-of-nodes", "labels": labels});
    system.apply(&secret(&metadata, &json!({"values": values})));
}

fn rollout(system: &Namespace, timeout: &str) -> bool {
    let words =
        format!("rollout status daemonset/serverless-node-agent -n {} --timeout={timeout}", system.name);
    kubectl(&system.cluster.control_plane, &words, NOTHING).ok
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn the_pod_of_the_agent_brings_registries_to_its_node_and_its_end_removes_them() {
    let _folder = FOLDER_OF_CONTAINERD.lock();
    let upstream = Mirror::with(Auth::Basic, "app:1");
    let host = upstream.registry.address();
    let image = format!("{host}/app:1");
    let hosts = CLUSTER.node.registries();
    let file = hosts.join(&host).join("hosts.toml");
    let text = || fs::read_to_string(&file).unwrap_or_default();
    let system = Namespace { cluster: &CLUSTER, name: SYSTEM };

    CLUSTER.switch_agent(Some(&hosts));
    assert!(rollout(&system, "60s"));
    refused(&image, "certificate signed by unknown authority");
    // The registry itself is written without being asked.
    let own = |password: &str| json!([upstream.endpoint(Some(password))]);
    set(&system, &json!({(&host): own(PASSWORD)}));
    wait_until("the Pod has written the file", || text().contains("Authorization"));
    pull(&image).unwrap();

    let before = text();
    upstream.registry.set_password("another one");
    set(&system, &json!({(&host): own("another one")}));
    wait_until("the Pod has written the password", || text() != before);
    pull(&image).unwrap();
    assert!(rollout(&system, "60s"));

    // A node that does not get what is asked for is not ready, and a rollout waits for it.
    let foreign = hosts.join("foreign.test/hosts.toml");
    fs::create_dir(foreign.parent().unwrap()).unwrap();
    fs::write(&foreign, "server = \"https://foreign.test\"\n").unwrap();
    set(&system, &json!({(&host): own("another one"), "foreign.test": [{"endpoint": "foreign.test"}]}));
    system.kubectl(&format!("wait {PODS} --for=condition=Ready=false --timeout=60s"));
    assert!(!rollout(&system, "1s"));
    set(&system, &json!({(&host): own("another one")}));
    system.kubectl(&format!("wait {PODS} --for=condition=Ready --timeout=60s"));
    assert!(rollout(&system, "60s"));

    CLUSTER.switch_agent(None);
    system.kubectl(&format!("wait {PODS} --for=delete --timeout=60s"));
    let left = [".serverless-node-agent", host.as_str()].map(|name| hosts.join(name).exists());
    assert_eq!(left, [false; 2], "{}", system.kubectl("get events"));
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "server = \"https://foreign.test\"\n");
    refused(&image, "certificate signed by unknown authority");
    fs::remove_dir_all(foreign.parent().unwrap()).unwrap();
    system.kubectl("delete secret registries-of-nodes");
}
