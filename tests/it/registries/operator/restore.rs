//! A registry comes back in another cluster as the documents say: the authority of the installation, the claim from a snapshot,
//! then the registry as it was.

use controller::config::Config;
use serde_json::{Value, json};
use testenv::ControlPlane;

use super::cluster::{CLUSTER, SYSTEM, Team, volume};
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::controller::{Controlled, control_plane, shared};
use crate::harness::objects::{condition, persistent_volume};
use crate::harness::real_cluster::provider::documented;
use crate::harness::wait::{PATIENCE, wait_within};

const NAMESPACE: &str = "operator-restore";

fn apply(control_plane: &ControlPlane, namespace: &str, text: &str) {
    let mut command = control_plane.kubectl();
    command.args(["apply", "--namespace", namespace, "-f", "-"]);
    piped(command, text).unwrap();
}

/// What a backup holds: objects as `kubectl get -o yaml` prints them.
fn backup() -> [String; 2] {
    let team = Team::new(NAMESPACE);
    team.add_volume(NAMESPACE);
    team.apply("registry", &volume());
    team.awaits("registry", "Ready", "True");
    let root = format!("get secret image-registry-root-ca -n {SYSTEM} -o yaml");
    let registry = format!("get imageregistry registry -n {NAMESPACE} -o yaml");
    [root, registry].map(|words| kubectl(&CLUSTER.control_plane, &words, NOTHING).unwrap())
}

#[test]
fn a_registry_is_restored_as_the_documents_say() {
    let [root, registry] = backup();
    let other = control_plane();
    for namespace in [SYSTEM, NAMESPACE] {
        kubectl(&other, &format!("create namespace {namespace}"), NOTHING).unwrap();
    }
    apply(&other, SYSTEM, &root);
    apply(&other, "default", &persistent_volume("snapshot").to_string());
    apply(&other, NAMESPACE, &documented("kind: VolumeSnapshot").replace("infra", NAMESPACE));
    apply(&other, NAMESPACE, &registry);
    let get = |control_plane: &ControlPlane, namespace: &str, what: &str| -> Value {
        let words = format!("get {what} -n {namespace} -o json");
        serde_json::from_str(&kubectl(control_plane, &words, NOTHING).unwrap()).unwrap()
    };
    let uid = get(&other, NAMESPACE, "pvc imageregistry-registry-pvc")["metadata"]["uid"].clone();
    let controlled = Controlled::start_with(other, |client, metrics| async move {
        let shared = shared(client, metrics);
        controller::image_registries::run(&shared, &Config::default(), std::future::pending()).await;
    });
    let found = |what: &str| get(&controlled.control_plane, NAMESPACE, what);
    let mut said = String::new();
    wait_within(3 * PATIENCE, "the registry is ready", || {
        said = condition(&found("imageregistry registry"), "Ready");
        assert!(!said.contains("NameConflict") && !said.contains("FailedSync"), "{said}");
        said == "True Synced 1/1 Pods are ready"
    });
    let claim = found("pvc imageregistry-registry-pvc");
    assert_eq!((&claim["metadata"]["uid"], &claim["status"]["phase"]), (&uid, &json!("Bound")));
    assert_eq!(claim["spec"]["dataSource"]["kind"], "VolumeSnapshot");
    // Nodes and clients go on with the authority that they trust.
    let authority = |control_plane: &ControlPlane| {
        let secret = get(control_plane, NAMESPACE, "secret imageregistry-registry-selfsigned-tls");
        secret["data"]["ca.crt"].clone()
    };
    assert_eq!(authority(&controlled.control_plane), authority(&CLUSTER.control_plane));
}
