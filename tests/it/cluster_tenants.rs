//! What a tenant who may do anything in a namespace, and nothing elsewhere, can have the controller do.

use std::future::pending;
use std::time::{Duration, Instant};

use controller::config::Config;
use controller::functions::{run, run_with};
use decide::function::Identity;
use serde_json::{Value, json};

use crate::cluster::{Printed, kubectl};
use crate::functions::{
    CLUSTER, Controlled, NOTHING, Namespace, SLOTS, config, control_plane, runtime, shared,
};

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

/// As many as there are slots in the whole cluster.
#[test]
fn builds_that_get_no_pod_give_their_slots_back_within_two_minutes_and_say_why() {
    // Of its own: for minutes no other builds here.
    let cluster = Controlled::start_with(control_plane(), |client, metrics| async move {
        let config = Config { max_builds: 2, ..config() };
        run(&shared(client, metrics), &config, pending()).await;
    });
    let start = Instant::now();
    let restricted = Namespace::new(&cluster.control_plane, "restricted");
    let enforce = "label namespace restricted pod-security.kubernetes.io/enforce=restricted";
    kubectl(&cluster.control_plane, enforce, NOTHING).unwrap();
    let huge = Namespace::new(&cluster.control_plane, "huge");
    restricted.apply("demo", &json!({}));
    huge.apply("demo", &json!({"buildResources": {"requests": {"cpu": "1000000"}}}));
    for namespace in [&restricted, &huge] {
        namespace.await_condition("demo", "BuildReady", "Unknown JobRunning");
    }
    let victim = Namespace::new(&cluster.control_plane, "waits");
    victim.apply("shop", &json!({}));
    victim.await_condition("shop", "BuildReady", "Unknown BuildQueued");
    let running = || victim.condition("shop", "Running").starts_with("True");
    while !running() {
        assert!(start.elapsed() < Duration::from_secs(130), "{}", victim.condition("shop", "BuildReady"));
        std::thread::sleep(Duration::from_millis(200));
    }
    let said = restricted.condition("demo", "BuildReady");
    let expected = "no Pod was created: Error creating: pods ";
    assert!(said.starts_with("False JobFailed Job demo-build-") && said.contains(expected), "{said}");
    assert!(said.contains("violates PodSecurity \"restricted:latest\": "), "{said}");
    let said = huge.condition("demo", "BuildReady");
    let expected = "its Pod cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu.";
    assert!(said.starts_with("False JobFailed Job demo-build-") && said.contains(expected), "{said}");
    for namespace in [&restricted, &huge] {
        let events = namespace.events("demo");
        assert!(
            events.iter().any(|event| event.starts_with("Warning JobFailed Job demo-build-")),
            "{events:?}"
        );
    }
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

/// A source that hardly packs is not kept in memory, and nothing else is different.
#[test]
fn a_large_function_is_built_changed_and_left_alone_like_any_other() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "large");
    let mut random = fastrand::Rng::with_seed(1);
    let mut source = || std::iter::repeat_with(|| random.alphanumeric()).take(300_000).collect::<String>();
    let apply = |source: &str| {
        let spec = json!({"source": source, "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1});
        let function = crate::cluster::function("demo", &spec);
        namespace.kubectl("apply --server-side -f -", &function).unwrap();
    };
    apply(&source());
    namespace.await_condition("demo", "Running", "True");
    let image = namespace.image();
    apply(&source());
    namespace.wait("another image runs", || namespace.image() != image);
    namespace.await_condition("demo", "Running", "True");
    std::thread::sleep(Duration::from_secs(3));
    let versions = namespace.versions();
    // Looking again writes nothing.
    namespace.kubectl("delete configmap dockerfile-nodejs-12", NOTHING).unwrap();
    namespace.await_condition("demo", "ConfigurationReady", "False RuntimeMissing");
    namespace.add_runtime();
    namespace.await_condition("demo", "ConfigurationReady", "True");
    std::thread::sleep(Duration::from_secs(3));
    let others = |versions: &[String]| -> Vec<_> {
        versions
            .iter()
            .filter(|version| {
                version.starts_with("\"ConfigMap\" \"demo") || version.contains("\"Deployment\"")
            })
            .cloned()
            .collect()
    };
    assert_eq!(others(&namespace.versions()), others(&versions));
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
    let expected = "False RuntimeMissing Runtime \"evil\" is not configured; known runtimes: ";
    namespace.await_condition("demo", "ConfigurationReady", expected);
}

/// One Function that the controller fails on is told of, and is no reason for anything else to stop.
#[test]
fn a_panic_ends_the_look_at_one_function_and_nothing_else() {
    let cluster = Controlled::start_with(control_plane(), |client, metrics| async move {
        let (shared, config) = (shared(client, metrics), config());
        run_with(&shared, &config, pending(), |config, function, observed, now| {
            assert_ne!(function.identity.name, "bad");
            decide::function::decide(config, function, observed, now)
        })
        .await;
    });
    let namespace = Namespace::new(&cluster.control_plane, "panics");
    namespace.apply("bad", &json!({}));
    namespace.apply("good", &json!({}));
    namespace.await_condition("good", "Running", "True");
    let message = "The controller failed on this Function, and tries again; its log says where";
    namespace.await_condition("bad", "ConfigurationReady", &format!("False InternalError {message}"));
    assert_eq!(namespace.events("bad"), [format!("Warning InternalError {message}")]);
    assert!(cluster.metric("serverless_controller_reconcile_errors_total{reason=\"panic\"}") >= 1.0);
    namespace.apply("good", &json!({"source": "y"}));
    namespace.wait("the other one goes on", || namespace.get("function good")["status"]["source"] == "y");
}

#[test]
fn an_address_that_is_none_is_named_with_the_remedy() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "address");
    namespace.add_registry("acme.example.com/team\n");
    namespace.apply("demo", &json!({}));
    let expected = "False RegistryConfigMissing Key registryAddress of Secret serverless-registry-config in namespace address must not hold spaces or control characters: encode it without a newline, with `echo -n` or printf";
    namespace.await_condition("demo", "ConfigurationReady", expected);
    assert_eq!(namespace.made(), [""; 0]);
}
