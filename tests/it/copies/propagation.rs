//! What is copied from the base namespace to all others, on a real control plane.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::cluster::NOTHING;
use crate::harness::copies::{
    CLUSTER, apply, await_gone, await_value, bases, create_namespace, get, run, secret,
};
use crate::harness::wait::wait_until;

#[test]
fn what_is_labelled_comes_into_every_namespace_that_there_is_and_that_comes() {
    create_namespace("all-before");
    let bases = bases("all");
    for (object, ..) in &bases {
        apply(object);
    }
    // Without the label, nothing is copied.
    run("create configmap all-not -n kyma-system", NOTHING).unwrap();
    for (_, name, pointer, expected) in &bases {
        await_value(name, "all-before", pointer, expected);
    }
    create_namespace("all-after");
    for (_, name, pointer, expected) in &bases {
        await_value(name, "all-after", pointer, expected);
    }
    await_value("rolebinding/all-rolebinding", "all-after", "/subjects/0/namespace", &json!("all-after"));
    for (_, name, ..) in &bases {
        assert_eq!(get(name, "excluded"), None);
        assert_eq!(get(name, "kube-system"), None);
    }
    assert_eq!(get("configmap/all-not", "all-after"), None);
}

#[rstest]
#[case::changed("drift-changed", r#"{"data":{"username":"eA=="}}"#)]
#[case::added("drift-added", r#"{"data":{"isInternal":"dHJ1ZQ=="}}"#)]
#[case::unlabelled("drift-unlabelled", r#"{"metadata":{"labels":null}}"#)]
#[case::unmarked("drift-unmarked", r#"{"metadata":{"annotations":null}}"#)]
fn a_copy_that_is_changed_is_repaired(#[case] name: &str, #[case] patch: &str) {
    create_namespace(name);
    apply(&secret(name, &json!({"username": "u"})));
    let copy = format!("secret/{name}");
    let essence = || {
        let copy = get(&copy, name)?;
        let mark = copy.pointer("/metadata/annotations/serverless.kyma-project.io~1applied").cloned();
        Some((copy["data"].clone(), copy["metadata"]["labels"].clone(), mark))
    };
    await_value(&copy, name, "/data/username", &json!("dQ=="));
    let before = essence();
    let mut patched = CLUSTER.kubectl();
    patched.args(["patch", &copy, "-n", name, "--type=merge", "-p", patch]);
    assert!(patched.output().unwrap().status.success());
    wait_until("the copy is as it was", || essence() == before);

    run(&format!("delete {copy} -n {name}"), NOTHING).unwrap();
    wait_until("the copy is there again", || essence() == before);
}

#[test]
fn what_others_say_of_a_copy_stays() {
    create_namespace("others");
    let account = |pull: Value| {
        let labels = json!({"serverless.kyma-project.io/config": "service-account"});
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "others", "labels": labels}, "imagePullSecrets": pull})
    };
    apply(&account(json!([{"name": "old"}])));
    await_value("serviceaccount/others", "others", "/imagePullSecrets", &json!([{"name": "old"}]));
    let theirs = r#"{"metadata":{"annotations":{"team":"a"}},"imagePullSecrets":[{"name":"old"},{"name":"theirs"}],"secrets":[{"name":"others-token-x"}]}"#;
    run(&format!("patch serviceaccount/others -n others --type=merge -p {theirs}"), NOTHING).unwrap();
    apply(&account(json!([{"name": "new"}])));
    let both = json!([{"name": "new"}, {"name": "theirs"}]);
    await_value("serviceaccount/others", "others", "/imagePullSecrets", &both);
    let account = get("serviceaccount/others", "others").unwrap();
    assert_eq!(account["secrets"], json!([{"name": "others-token-x"}]));
    assert_eq!(account["metadata"]["annotations"]["team"], "a");
}

#[test]
fn what_is_no_longer_in_the_base_object_leaves_its_copies() {
    create_namespace("less");
    let map = |data: Value, label: &str| {
        let labels = json!({"serverless.kyma-project.io/config": "runtime", (label): "x"});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "less", "labels": labels}, "data": data})
    };
    apply(&map(json!({"a": "1", "b": "2"}), "first"));
    await_value("configmap/less", "less", "/data", &json!({"a": "1", "b": "2"}));
    apply(&map(json!({"a": "1"}), "second"));
    await_value("configmap/less", "less", "/data", &json!({"a": "1"}));
    let labels = json!({"serverless.kyma-project.io/config": "runtime", "second": "x"});
    await_value("configmap/less", "less", "/metadata/labels", &labels);
}

#[test]
fn a_secret_of_the_users_of_a_namespace_is_left_alone_for_as_long_as_they_say_so() {
    let user = |namespace: &str, labels: Value| {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine", "labels": labels}, "stringData": {"username": "own"}});
        run(&format!("apply -n {namespace} -f -"), &secret).unwrap();
    };
    let kept = json!({"serverless.kyma-project.io/managed-by": "user", "serverless.kyma-project.io/config": "credentials"});
    create_namespace("mine-kept");
    create_namespace("mine-not");
    user("mine-kept", kept);
    user("mine-not", json!({}));
    // As the reference documents describe, a cluster-wide Secret replaces one that users do not manage.
    apply(&secret("mine", &json!({"username": "u"})));
    await_value("secret/mine", "mine-not", "/data/username", &json!("dQ=="));
    let own = json!("b3du");
    assert_eq!(get("secret/mine", "mine-kept").unwrap()["data"]["username"], own);

    // Users can take over a copy, too; then it does not change any more.
    let label = "label secret/mine -n mine-not --overwrite serverless.kyma-project.io/managed-by=user";
    run(label, NOTHING).unwrap();
    user("mine-not", json!({"serverless.kyma-project.io/managed-by": "user"}));
    create_namespace("mine-later");
    apply(&secret("mine", &json!({"username": "v"})));
    await_value("secret/mine", "mine-later", "/data/username", &json!("dg=="));
    assert_eq!(get("secret/mine", "mine-not").unwrap()["data"]["username"], own);

    run("label secret/mine -n mine-kept serverless.kyma-project.io/managed-by-", NOTHING).unwrap();
    await_value("secret/mine", "mine-kept", "/data/username", &json!("dg=="));

    // A Secret that users manage stays when the base Secret is deleted.
    run("delete secret/mine -n kyma-system", NOTHING).unwrap();
    await_gone("secret/mine", "mine-kept");
    assert_eq!(get("secret/mine", "mine-not").unwrap()["data"]["username"], own);
}

#[rstest]
#[case::deleted("gone", "delete secret/gone -n kyma-system", false)]
#[case::unlabelled(
    "unlabelled",
    "label secret/unlabelled -n kyma-system serverless.kyma-project.io/config-",
    true
)]
#[case::otherwise_labelled(
    "relabelled",
    "label secret/relabelled -n kyma-system --overwrite serverless.kyma-project.io/config=x",
    true
)]
fn the_copies_of_a_secret_go_with_it_or_with_its_label(
    #[case] name: &str,
    #[case] change: &str,
    #[case] stays: bool,
) {
    let namespaces = [format!("{name}-a"), format!("{name}-b")];
    for namespace in &namespaces {
        create_namespace(namespace);
    }
    apply(&secret(name, &json!({"username": "u"})));
    let secret = format!("secret/{name}");
    for namespace in &namespaces {
        await_value(&secret, namespace, "/data/username", &json!("dQ=="));
    }
    let finalizer = json!(["serverless.kyma-project.io/finalizer-registry-config"]);
    assert_eq!(get(&secret, "kyma-system").unwrap()["metadata"]["finalizers"], finalizer);

    run(change, NOTHING).unwrap();
    for namespace in &namespaces {
        await_gone(&secret, namespace);
    }
    if stays {
        wait_until("the finalizer is gone", || {
            get(&secret, "kyma-system").unwrap()["metadata"]["finalizers"] == Value::Null
        });
        run(&format!("delete {secret} -n kyma-system"), NOTHING).unwrap();
    }
    await_gone(&secret, "kyma-system");
}

#[test]
fn a_secret_that_cannot_change_so_is_made_anew() {
    create_namespace("type");
    let typed = |kind: &str| {
        let mut secret = secret("type", &json!({".dockerconfigjson": "{}"}));
        secret["type"] = kind.into();
        secret
    };
    apply(&typed("Opaque"));
    await_value("secret/type", "type", "/type", &json!("Opaque"));
    run("patch secret/type -n type --type=merge -p {\"immutable\":true}", NOTHING).unwrap();
    run("replace --force -n kyma-system -f -", &typed("kubernetes.io/dockerconfigjson")).unwrap();
    await_value("secret/type", "type", "/type", &json!("kubernetes.io/dockerconfigjson"));
    // The first one could be deleted.
    assert_eq!(get("secret/type", "type").unwrap()["immutable"], Value::Null);
}

#[test]
fn a_namespace_that_refuses_or_ends_holds_nobody_up() {
    for name in ["hold-refuses", "hold-ends", "hold-well"] {
        create_namespace(name);
    }
    // Nothing deletes its content, so the deletion does not finish; nothing can be created there any more.
    run("delete namespace hold-ends --wait=false", NOTHING).unwrap();
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "hold"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["secrets"]}]},
            "validations": [{"expression": "request.namespace != 'hold-refuses'", "message": "not here"}],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "hold"}, "spec": {"policyName": "hold", "validationActions": ["Deny"]},
    });
    run("apply -f -", &policy).unwrap();
    run("apply -f -", &binding).unwrap();
    wait_until("the policy is in force", || {
        !run("create secret generic probe -n hold-refuses --dry-run=server", NOTHING).ok
    });
    apply(&secret("hold", &json!({"username": "u"})));
    await_value("secret/hold", "hold-well", "/data/username", &json!("dQ=="));
    for name in ["hold-refuses", "hold-ends"] {
        assert_eq!(get("secret/hold", name), None);
    }
    run("delete validatingadmissionpolicybinding/hold", NOTHING).unwrap();
    await_value("secret/hold", "hold-refuses", "/data/username", &json!("dQ=="));
}

#[test]
fn nothing_is_written_where_all_is_as_it_is_to_be() {
    create_namespace("idle");
    let bases = bases("idle");
    for (object, ..) in &bases {
        apply(object);
    }
    for (_, name, pointer, expected) in &bases {
        await_value(name, "idle", pointer, expected);
    }
    let versions = || -> Vec<_> {
        let version = |(_, name, ..): &(Value, String, &str, Value)| {
            ["idle", "kyma-system"]
                .map(|namespace| get(name, namespace).unwrap()["metadata"]["resourceVersion"].clone())
        };
        bases.iter().map(version).collect()
    };
    let before = versions();
    // Long enough for a write, which must not happen.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(versions(), before);
}
