//! Nodes that Cluster API makes: the Secret as people write it, the files that the webhook writes into it, and the
//! `KubeadmConfig` that puts them on a node.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use decide::nodes::files::Files;
use policy::container_registries::HiddenText;
use serde_json::{Value, json};

use crate::harness::certs_d::{pull, write};
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::real_cluster::{CLUSTER, Namespace, secret};
use crate::harness::registry::Auth;
use crate::harness::wait::wait_until;

const CERTS_D: &str = "/etc/containerd/certs.d/";

#[test]
#[ignore = "it needs a node: make test-node"]
fn the_secret_makes_a_kubeadm_config_that_puts_its_files_on_a_node() {
    let mirror = Mirror::with(Auth::Basic, "app:1");
    let namespace = CLUSTER.namespace("fleet");
    let registries = json!({"fleet.test": [mirror.endpoint(Some(PASSWORD))]});
    let values = json!({"global": {"connectivity": {"containerRegistries": registries}}}).to_string();
    let labels = json!({"serverless.kyma-project.io/container-registries": "config"});
    namespace.apply(&secret(&json!({"name": "registries", "labels": labels}), &json!({"values": values})));
    let written: Value = serde_json::from_str(&namespace.kubectl("get secret registries -o json")).unwrap();
    let key = |key: &str| {
        let text = written["data"][key].as_str().unwrap_or_else(|| panic!("no key {key}"));
        String::from_utf8(BASE64.decode(text).unwrap()).unwrap()
    };
    let fragment: Value = serde_saphyr::from_str(&key("kubeadm-files.yaml")).unwrap();
    for version in ["v1beta1", "v1beta2"] {
        assert_eq!(accepted(&namespace, version, &fragment)["spec"]["files"], fragment["files"]);
    }
    // What the node does at its start.
    let files = fragment["files"].as_array().unwrap().iter().map(|file| {
        assert_eq!(file["permissions"], "0600");
        let source = &file["contentFrom"]["secret"];
        assert_eq!(source["name"], "registries");
        let path = file["path"].as_str().unwrap().strip_prefix(CERTS_D).unwrap();
        (path.to_owned(), HiddenText::new(key(source["key"].as_str().unwrap())))
    });
    write(&Files(files.collect()));
    pull("fleet.test/app:1").unwrap();
    assert_eq!(mirror.answers()[0], "HEAD 200");
}

/// A `KubeadmConfig` with a fragment, as the API server stores it.
fn accepted(namespace: &Namespace, version: &str, fragment: &Value) -> Value {
    let crd = testenv::built("parsers").unwrap().join("kubeadmconfigs.yaml");
    let install = format!("apply --server-side -f {}", crd.display());
    kubectl(&CLUSTER.control_plane, &install, NOTHING).unwrap();
    let established =
        "wait crd/kubeadmconfigs.bootstrap.cluster.x-k8s.io --for=condition=Established --timeout=1s";
    wait_until("the kind is known", || kubectl(&CLUSTER.control_plane, established, NOTHING).ok);
    let config = json!({
        "apiVersion": format!("bootstrap.cluster.x-k8s.io/{version}"),
        "kind": "KubeadmConfig",
        "metadata": {"name": version},
        "spec": fragment,
    });
    let words = format!("create --validate=strict --namespace={} -o json -f -", namespace.name);
    serde_json::from_str(&kubectl(&CLUSTER.control_plane, &words, &config).unwrap()).unwrap()
}
