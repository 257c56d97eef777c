//! The chart with a registry of Functions, on a real API server: the controller reads what Helm has stored, has the rights
//! that Helm has granted, and makes a registry and credentials.

use controller::config;
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use crate::harness::account::Controller;
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::namespace::Namespace;

const GATEWAY: &str = "system:serviceaccount:kyma-system:imageregistry-registry";

/// The configuration of the controller that is installed.
fn configuration(system: &Namespace<'_>) -> config::Config {
    let map = system.get("configmap serverless-controller");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), map["data"]["controller.yaml"].as_str().unwrap()).unwrap();
    config::load(Some(file.path()), |_| None).unwrap()
}

/// The specification in the values of the chart.
fn specification() -> Value {
    let values = std::fs::read_to_string(testenv::root().join("manifests/chart/values.yaml")).unwrap();
    let values: Value = serde_saphyr::from_str(&values).unwrap();
    values["registry"]["spec"].clone()
}

#[test]
fn an_install_alone_gives_functions_a_registry_and_its_gateway_the_rights_it_needs() {
    let control_plane = ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap();
    let shop = Namespace::bare(&control_plane, "shop");
    let mut helm = control_plane.tool("helm");
    // Nobody answers for the webhook here.
    let words = "install serverless manifests/chart --namespace kyma-system --create-namespace --wait --timeout 60s \
                 --set webhook.failurePolicy=Ignore --set registry.enabled=true";
    helm.args(words.split_whitespace()).current_dir(testenv::root());
    piped(helm, "").unwrap();
    let system = Namespace::existing(&control_plane, "kyma-system");
    let controller = Controller::start(&control_plane, configuration(&system));

    let has = |namespace: &Namespace<'_>, what: &str| namespace.kubectl(&format!("get {what}"), NOTHING).ok;
    system.wait("there is a registry", || has(&system, "statefulset registry"));
    let mut spec = system.get("imageregistry registry")["spec"].clone();
    // These have defaults.
    for field in ["tokenTTL", "storage", "tls"] {
        spec.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(spec, specification());
    let containers = system.get("statefulset registry")["spec"]["template"]["spec"]["containers"].clone();
    let gateway = containers.as_array().unwrap().iter().find(|one| one["name"] == "gateway").unwrap();
    assert_eq!(gateway["image"], "serverless-registry:0.2.0");

    // Nobody gets credentials who does not need them.
    assert!(!has(&shop, "imagepushsecret serverless-functions"));
    shop.apply("demo", &json!({}));
    shop.wait("there are credentials", || has(&shop, "secret serverless-registry-config"));
    let spec = shop.get("imagepushsecret serverless-functions")["spec"].clone();
    let registry = json!({"name": "registry", "namespace": "kyma-system"});
    assert_eq!((&spec["registryRef"], &spec["forFunctions"]), (&registry, &json!(true)));
    system.wait("nodes learn of it", || has(&system, "secret node-registries"));

    for (words, expected) in [
        ("create tokenreviews.authentication.k8s.io", "yes\n"),
        ("list imageregistryaccounts.registry.mgoltzsche.github.com --namespace=kyma-system", "yes\n"),
        ("list imageregistryaccounts.registry.mgoltzsche.github.com --namespace=shop", "no\n"),
        ("list secrets --namespace=kyma-system", "no\n"),
    ] {
        let asked = kubectl(&control_plane, &format!("auth can-i {words} --as={GATEWAY}"), NOTHING);
        assert_eq!(asked.out, expected, "{words}");
    }
    controller.terminate();

    // Functions still use what was made.
    let mut helm = control_plane.tool("helm");
    helm.args([
        "uninstall",
        "serverless",
        "--namespace=kyma-system",
        "--no-hooks",
        "--wait",
        "--timeout=60s",
    ]);
    piped(helm, "").unwrap();
    assert!(has(&system, "imageregistry registry") && has(&shop, "secret serverless-registry-config"));
    assert!(!has(&system, "clusterrolebinding serverless-registry-tokenreviews"));
}
