//! The controller runs registries, on a real control plane: what they become, their certificates, and how they end.

mod certificates;
mod cluster;
mod migration;
mod original;
mod restore;

use serde_json::{Value, json};

use crate::harness::cluster::NOTHING;
use crate::harness::wait::{PATIENCE, wait_within};
use cluster::{Team, bucket, volume};

#[test]
fn the_example_of_the_original_becomes_pods_that_serve() {
    let team = Team::new("operator-seed");
    team.add_volume("operator-seed");
    team.apply("registry", &volume());
    team.awaits("registry", "Ready", "True Synced 1/1 Pods are ready");
    team.awaits("registry", "Synced", "True Synced All objects are written");
    let status = team.get("imageregistry registry")["status"].clone();
    assert_eq!(status["hostname"], "registry.operator-seed.svc.cluster.local");
    assert_eq!(status["tlsSecretName"], "imageregistry-registry-selfsigned-tls");
    assert_eq!(status["observedGeneration"], 1);
    let expected = [
        "configmap/imageregistry-registry",
        "networkpolicy.networking.k8s.io/imageregistry-registry",
        "persistentvolumeclaim/imageregistry-registry-pvc",
        "role.rbac.authorization.k8s.io/imageregistry-registry",
        "rolebinding.rbac.authorization.k8s.io/imageregistry-registry",
        "secret/imageregistry-registry-keys",
        "secret/imageregistry-registry-selfsigned-auth-ca",
        "secret/imageregistry-registry-selfsigned-tls",
        "service/registry",
        "serviceaccount/imageregistry-registry",
        "statefulset.apps/registry",
    ];
    assert_eq!(team.made(), expected);
    // The account of the gateway reads accounts of its namespace, and nothing else.
    let may = |what: &str| {
        let account = "--as=system:serviceaccount:operator-seed:imageregistry-registry";
        team.kubectl(&format!("auth can-i {what} {account}"), NOTHING).out.trim() == "yes"
    };
    assert!(may("watch imageregistryaccounts") && may("list imageregistryaccounts"));
    assert!(!may("get secrets") && !may("create imageregistryaccounts") && !may("get imageregistries"));
}

#[test]
fn what_is_changed_is_restored_and_all_else_stays() {
    let team = Team::new("operator-drift");
    team.apply("registry", &bucket());
    team.awaits("registry", "Ready", "True");
    let before = team.versions();
    team.kubectl(
        "patch service registry --type=merge -p {\"spec\":{\"selector\":{\"app\":\"other\"}}}",
        NOTHING,
    )
    .unwrap();
    team.wait("the Service is restored", || {
        team.get("service registry")["spec"]["selector"]["app"] == "imageregistry-registry"
    });
    team.kubectl("delete networkpolicy imageregistry-registry", NOTHING).unwrap();
    team.wait("the NetworkPolicy is there again", || {
        team.kubectl("get networkpolicy imageregistry-registry", NOTHING).ok
    });
    let is_other = |line: &&String| !line.contains("Service/") && !line.contains("NetworkPolicy/");
    let others = |versions: &[String]| versions.iter().filter(is_other).cloned().collect::<Vec<_>>();
    assert_eq!(others(&team.versions()), others(&before), "nothing else is written");
}

#[test]
fn a_changed_registry_changes_its_objects() {
    let team = Team::new("operator-changes");
    team.apply("registry", &bucket());
    team.awaits("registry", "Ready", "True Synced 1/1");
    team.patch("registry", &json!({"replicas": 2, "service": {"type": "ClusterIP"}}));
    team.awaits("registry", "Ready", "True Synced 2/2 Pods are ready");
    assert_eq!(team.get("service registry")["spec"]["type"], "ClusterIP");
    assert_eq!(team.get("poddisruptionbudget imageregistry-registry")["spec"]["maxUnavailable"], 1);
    team.patch("registry", &json!({"replicas": 1}));
    team.awaits("registry", "Ready", "True Synced 1/1 Pods are ready");
    team.wait("the budget is gone", || team.list("poddisruptionbudgets").is_empty());
}

#[test]
fn a_volume_is_deleted_only_if_its_author_says_so() {
    let team = Team::new("operator-end");
    for (name, is_deleted) in [("kept", false), ("deleted", true)] {
        team.add_volume(&format!("operator-end-{name}"));
        let mut spec = volume();
        spec["persistentVolumeClaim"]["deleteClaim"] = json!(is_deleted);
        team.apply(name, &spec);
        team.awaits(name, "Ready", "True");
        team.kubectl(&format!("delete imageregistry {name}"), NOTHING).unwrap();
    }
    // Whatever a registry owns is deleted by Kubernetes; what is left, nobody owns.
    let expected = ["persistentvolumeclaim/imageregistry-kept-pvc"];
    wait_within(3 * PATIENCE, "all is gone", || team.made() == expected);
    // A registry of the same name has its images again.
    team.apply("kept", &volume());
    team.awaits("kept", "Ready", "True");
}

#[test]
fn objects_of_others_stay_as_they_are() {
    let team = Team::new("operator-conflict");
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "registry"},
        "spec": {"ports": [{"port": 80}]},
    });
    team.kubectl("create -f -", &service).unwrap();
    team.apply("registry", &bucket());
    let conflict = "False NameConflict Service registry exists and does not belong to this ImageRegistry: delete it, or give the ImageRegistry another name";
    team.awaits("registry", "Synced", conflict);
    team.awaits("registry", "Ready", conflict);
    assert_eq!(team.get("service registry")["spec"]["ports"][0]["port"], 80);
    team.kubectl("delete service registry", NOTHING).unwrap();
    team.awaits("registry", "Ready", "True");
}

#[test]
fn bad_rules_leave_the_last_good_ones_in_use() {
    let team = Team::new("operator-rules");
    let rules = |text: &str| {
        let map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "rules"},
            "data": {"auth_config.yml": text},
        });
        team.kubectl("apply -f -", &map).unwrap();
    };
    let used =
        || -> Value { team.get("configmap imageregistry-registry")["data"]["auth_config.yml"].clone() };
    let mut spec = bucket();
    spec["auth"] = json!({"configMapName": "rules"});
    team.apply("registry", &spec);
    let missing = "False AuthConfigInvalid ConfigMap rules does not exist; the registry starts when there are good rules";
    team.awaits("registry", "Ready", missing);
    assert!(team.list("statefulsets").is_empty());
    rules("acl: []");
    team.awaits("registry", "Ready", "True");
    assert_eq!(used(), "acl: []");
    rules("acl: [{match: {}, actions: [fly]}]");
    let bad = "False AuthConfigInvalid ConfigMap rules, key auth_config.yml: acl[0].actions[0]: must be pull, push, delete or \"*\"; the last good rules stay in use";
    team.awaits("registry", "Ready", bad);
    team.awaits("registry", "Synced", "True");
    team.wait("an Event says it, too", || {
        let events = team.list("events.events.k8s.io");
        let is_it = |event: &Value| {
            event["regarding"]["name"] == "registry"
                && event["type"] == "Warning"
                && bad
                    == format!(
                        "False {} {}",
                        event["reason"].as_str().unwrap(),
                        event["note"].as_str().unwrap()
                    )
        };
        events.iter().any(is_it)
    });
    assert_eq!(used(), "acl: []");
    let generation = team.get("statefulset registry")["metadata"]["generation"].clone();
    rules("acl: [{match: {account: ci}, actions: [pull]}]");
    team.awaits("registry", "Ready", "True");
    assert_eq!(used(), "acl: [{match: {account: ci}, actions: [pull]}]");
    let unchanged = team.get("statefulset registry")["metadata"]["generation"].clone();
    assert_eq!(unchanged, generation, "the gateway reads changed rules itself");
}
