//! What a tenant who may do anything in a namespace, and nothing elsewhere, makes the controller believe: forged labels, owners
//! and runtimes.

use decide::function::Identity;
use serde_json::{Value, json};

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::Printed;
use crate::harness::controller::{CLUSTER, Controlled, SLOTS};
use crate::harness::namespace::{Namespace, runtime};

/// A tenant with a namespace.
struct Adversary<'a> {
    cluster: &'a Controlled,
    namespace: &'a str,
}

impl<'a> Adversary<'a> {
    fn new(cluster: &'a Controlled, namespace: &'a str) -> Self {
        let admin = |words: &str| kubectl(&cluster.control_plane, words, NOTHING).unwrap();
        admin(&format!("create namespace {namespace}"));
        admin(&format!("create role all -n {namespace} --verb=* --resource=*.*"));
        admin(&format!("create rolebinding all -n {namespace} --role=all --user={namespace}"));
        Self { cluster, namespace }
    }

    fn kubectl(&self, words: &str, manifest: &Value) -> Printed {
        let words = format!("{words} --as={} --namespace={}", self.namespace, self.namespace);
        kubectl(&self.cluster.control_plane, &words, manifest)
    }

    fn create(&self, manifest: &Value) {
        self.kubectl("create -f -", manifest).unwrap();
    }
}

/// The labels of what is made for a Function.
fn labels(function: &Value) -> Value {
    let metadata = &function["metadata"];
    json!({
        "serverless.kyma-project.io/managed-by": "function-controller",
        "serverless.kyma-project.io/function-name": metadata["name"],
        "serverless.kyma-project.io/uuid": metadata["uid"],
    })
}

fn owner(function: &Value) -> Value {
    let metadata = &function["metadata"];
    json!([{
        "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "controller": true,
        "name": metadata["name"], "uid": metadata["uid"],
    }])
}

fn deployment(metadata: &Value) -> Value {
    let labels = json!({"app": "theirs"});
    let pod = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "b"}]}});
    let spec = json!({"replicas": 0, "selector": {"matchLabels": labels}, "template": pod});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
}

fn job(metadata: &Value, suspend: bool) -> Value {
    let pod = json!({"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Never"});
    let spec = json!({"suspend": suspend, "template": {"spec": pod}});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
}

fn config_map(metadata: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})
}

#[test]
fn labels_and_owners_that_a_tenant_forges_reach_into_no_other_namespace() {
    let victim = Namespace::new(&CLUSTER.control_plane, "aaa-victim");
    victim.apply("shop", &json!({}));
    victim.await_condition("shop", "Running", "True");
    let function = victim.get("function shop");
    for theirs in [
        config_map(&json!({"name": "payments-config"})),
        deployment(&json!({"name": "payments"})),
        job(&json!({"name": "nightly-backup"}), true),
    ] {
        victim.kubectl("create -f -", &theirs).unwrap();
    }
    let of_victim = || {
        let kinds = "configmap/payments-config deployment/payments job/nightly-backup";
        let objects = victim.list(kinds);
        objects.iter().map(|object| object["metadata"]["uid"].clone()).collect::<Vec<_>>()
    };
    let before = of_victim();

    let adversary = Adversary::new(&CLUSTER, "zzz-adversary");
    let finalizers = json!(["example.com/stay"]);
    let forged = |name: &str| {
        json!({
            "name": name, "labels": labels(&function), "ownerReferences": owner(&function), "finalizers": finalizers,
        })
    };
    let parsed: api::Function = serde_json::from_value(function.clone()).unwrap();
    let child = Identity::of(&parsed.metadata).unwrap().child();
    adversary.create(&config_map(&forged("payments-config")));
    adversary.create(&deployment(&forged("payments")));
    adversary.create(&job(&forged("nightly-backup"), true));
    // What would be taken for the victim's own, and a Service, which the controller may not delete.
    adversary.create(&config_map(&forged(&child)));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": forged("other"), "spec": {"ports": [{"port": 80}]}});
    adversary.create(&service);

    // The urgent fix of the victim, with which the Function is looked at again.
    victim.apply("shop", &json!({"source": "urgent fix"}));
    victim.wait("the fix runs", || victim.get("function shop")["status"]["source"] == "urgent fix");
    victim.await_condition("shop", "Running", "True DeploymentReady");
    victim.await_condition("shop", "ConfigurationReady", "True");
    assert_eq!(of_victim(), before);
    let theirs = adversary.kubectl("get configmap,deployment,job,service -o name", NOTHING).unwrap();
    let expected = [
        "configmap/payments-config",
        &format!("configmap/{child}"),
        "deployment.apps/payments",
        "job.batch/nightly-backup",
        "service/other",
    ];
    assert!(expected.iter().all(|name| theirs.contains(name)), "{theirs}");
    for name in expected {
        let free = r#"{"metadata":{"finalizers":null}}"#;
        let patch = format!("patch {name} --type=merge -p {free}");
        adversary.kubectl(&patch, NOTHING).unwrap();
    }
}

/// Without any malice: `kubectl get -o yaml`, another name, labels kept.
#[test]
fn a_clone_of_what_was_made_is_not_ours() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "cloned");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    namespace.add_clone("deployments", &Value::Null);
    namespace.apply("demo", &json!({"env": [{"name": "A", "value": "1"}]}));
    namespace.wait("the change is rolled out", || {
        let deployment = &namespace.list("deployments -l serverless.kyma-project.io/function-name=demo")[0];
        deployment["spec"]["template"]["spec"]["containers"][0]["env"][0]["name"] == "A"
    });
    namespace.await_condition("demo", "Running", "True DeploymentReady");
    assert!(namespace.kubectl("get deployment demo-xv6pc", NOTHING).ok);
}

#[test]
fn jobs_that_are_no_builds_take_up_no_slot() {
    let adversary = Adversary::new(&SLOTS, "zzz-slots");
    let nobody = json!({"metadata": {"name": "nobody", "uid": "nobody"}});
    let labels = labels(&nobody);
    for index in 0..5 {
        adversary.create(&job(&json!({"name": format!("a{index}"), "labels": labels}), true));
        let owned = json!({"name": format!("b{index}"), "labels": labels, "ownerReferences": owner(&nobody), "finalizers": ["example.com/stay"]});
        adversary.create(&job(&owned, false));
    }
    let victim = Namespace::new(&SLOTS.control_plane, "aaa-slots");
    victim.apply("shop", &json!({}));
    victim.await_condition("shop", "Running", "True");
    adversary.kubectl("get jobs -o name", NOTHING).unwrap().lines().for_each(|name| {
        let free = r#"{"metadata":{"finalizers":null}}"#;
        adversary.kubectl(&format!("patch {name} --type=merge -p {free}"), NOTHING).unwrap();
    });
}

#[test]
fn labels_of_a_function_make_no_runtime_of_its_config_map() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "evil-labels");
    let labels = json!({"serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": "nodejs12"});
    namespace.apply_labelled("evil", &json!({}), &labels);
    namespace.await_condition("evil", "Running", "True");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let runtimes = namespace.list("configmaps -l serverless.kyma-project.io/config=runtime");
    assert_eq!(runtimes.len(), 1);
}

/// Many ConfigMaps of a megabyte that say that they are runtimes.
#[test]
fn a_runtime_that_is_not_configured_is_none() {
    let adversary = Adversary::new(&CLUSTER, "zzz-runtimes");
    let mut evil = runtime("evil", &json!({"Dockerfile": "FROM scratch"}));
    evil["metadata"]["labels"]["serverless.kyma-project.io/runtime"] = "evil".into();
    adversary.create(&evil);
    let namespace = Namespace::existing(&CLUSTER.control_plane, "zzz-runtimes");
    namespace.apply("demo", &json!({"runtime": "evil"}));
    let expected = "False RuntimeMissing Runtime \"evil\" is not known; known runtimes: ";
    namespace.await_condition("demo", "ConfigurationReady", expected);
}
