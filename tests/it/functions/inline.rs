//! Inline Functions on a real control plane: from creation to Running, changes, conflicts with others' objects, and
//! deletion.

use std::time::Duration;

use decide::function::Identity;
use serde_json::{Value, json};

use crate::harness::cluster::{NOTHING, function};
use crate::harness::controller::CLUSTER;
use crate::harness::namespace::Namespace;

#[test]
fn an_inline_function_runs_changes_and_goes() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "inline");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True DeploymentReady Deployment demo-");
    let configured = namespace.condition("demo", "ConfigurationReady");
    assert!(configured.starts_with("True ConfigMapCreated ConfigMap demo-"), "{configured}");
    assert!(namespace.condition("demo", "BuildReady").starts_with("True JobFinished Job demo-build-"));
    let made = namespace.made();
    let kinds: Vec<_> = made.iter().map(|name| name.split('/').next().unwrap()).collect();
    assert_eq!(kinds, ["configmap", "deployment.apps", "job.batch", "service"]);
    let table = namespace.kubectl("get functions --no-headers", NOTHING).unwrap();
    let columns: Vec<_> = table.split_whitespace().take(7).collect();
    assert_eq!(columns, ["demo", "True", "True", "True", "DeploymentReady", "nodejs12", "1"]);
    let wide = namespace.kubectl("get functions -o wide", NOTHING).unwrap();
    let (head, row) = wide.split_once('\n').unwrap();
    let heads: Vec<_> = head.split_whitespace().collect();
    let expected = "NAME CONFIGURED BUILT RUNNING REASON RUNTIME VERSION AGE URL IMAGE MESSAGE";
    assert_eq!(heads.join(" "), expected);
    let row: Vec<_> = row.split_whitespace().collect();
    assert_eq!(row[8..10], ["http://demo.inline.svc", &namespace.image()]);
    assert!(
        row[10..].join(" ").starts_with("Deployment demo-") && row[10..].ends_with(&["ready"]),
        "{row:?}"
    );
    let wait = "wait --for=condition=Ready function/demo --timeout=10s";
    assert_eq!(
        namespace.kubectl(wait, NOTHING).unwrap(),
        "function.serverless.kyma-project.io/demo condition met\n"
    );
    // One Event for each transition: a build and a rollout have one each.
    let events = namespace.events("demo");
    let reason = |event: &String| event.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut reasons: Vec<_> = events.iter().map(reason).collect();
    // They may be of the same moment.
    reasons.sort();
    assert_eq!(reasons, ["Normal DeploymentReady", "Normal JobFinished"]);

    let job = made.iter().find(|name| name.starts_with("job")).unwrap().clone();
    namespace.apply("demo", &json!({"env": [{"name": "A", "value": "1"}], "maxReplicas": 3}));
    let has_autoscaler = || namespace.made().iter().any(|name| name.starts_with("horizontalpodautoscaler"));
    namespace.wait("there is an autoscaler", has_autoscaler);
    assert!(namespace.made().contains(&job), "a change of env builds nothing");

    namespace.apply("demo", &json!({"source": "y"}));
    namespace.wait("the superseded Job is gone", || !namespace.made().contains(&job));
    namespace.wait("the autoscaler is gone", || !has_autoscaler());
    namespace.wait("the new source runs", || namespace.get("function demo")["status"]["source"] == "y");
    namespace.await_condition("demo", "Running", "True");

    namespace.kubectl("delete function demo", NOTHING).unwrap();
    namespace.wait("all that was made is gone", || namespace.made().is_empty());
}

/// What a change of each field affects.
#[test]
fn every_field_reaches_what_it_is_for() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "fields");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let image = namespace.image();
    let change = json!({
        "env": [{"name": "A", "value": "1"}],
        "labels": {"tier": "backend"},
        "minReplicas": 2,
        "maxReplicas": 2,
        "resources": {"requests": {"cpu": "0.05"}, "limits": {"cpu": "100m"}},
        "buildResources": {"limits": {"cpu": "1"}},
    });
    namespace.apply_labelled("demo", &change, &json!({"team": "orders"}));
    let deployment = || namespace.list("deployments")[0].clone();
    namespace.wait("the Deployment is labelled", || deployment()["metadata"]["labels"]["team"] == "orders");
    namespace.wait("two Pods are ready", || deployment()["status"]["readyReplicas"] == 2);
    let deployment = deployment();
    let template = &deployment["spec"]["template"];
    assert_eq!(template["metadata"]["labels"]["tier"], "backend");
    let container = &template["spec"]["containers"][0];
    assert_eq!(container["resources"], json!({"requests": {"cpu": "50m"}, "limits": {"cpu": "100m"}}));
    assert_eq!(container["env"][0], json!({"name": "A", "value": "1"}));
    assert_eq!(namespace.image(), image, "nothing of it is in the image");
    for kind in ["configmaps", "jobs", "services"] {
        let labelled = namespace.list(&format!("{kind} -l team=orders"));
        assert_eq!(labelled.len(), 1, "{kind}");
    }
    namespace.apply("demo", &json!({"deps": "{\"dependencies\": {}}"}));
    namespace.wait("other dependencies are another image", || namespace.image() != image);
    let image = namespace.image();
    namespace.await_condition("demo", "Running", "True");
    let rebuild = "annotate function demo serverless.kyma-project.io/rebuild=1";
    namespace.kubectl(rebuild, NOTHING).unwrap();
    namespace.wait("the annotation makes another image", || namespace.image() != image);
}

#[test]
fn what_is_no_longer_wanted_goes_with_the_first_change() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "less");
    let more = json!({
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "labels": {"tier": "backend"},
        "resources": {"requests": {"cpu": "50m"}},
    });
    namespace.apply_labelled("demo", &more, &json!({"team": "orders"}));
    namespace.await_condition("demo", "Running", "True");
    namespace.apply("demo", &json!({"env": [{"name": "B", "value": "2"}]}));
    for kind in ["configmaps", "jobs", "services", "deployments"] {
        let selector = format!("{kind} -l serverless.kyma-project.io/function-name=demo");
        namespace.wait(&format!("{kind} have lost the label"), || {
            namespace.list(&selector)[0]["metadata"]["labels"]["team"].is_null()
        });
    }
    let template = &namespace.list("deployments")[0]["spec"]["template"];
    let container = &template["spec"]["containers"][0];
    let author: Vec<_> = container["env"].as_array().unwrap().iter().take(1).cloned().collect();
    assert_eq!(author, [json!({"name": "B", "value": "2"})]);
    assert!(!container["env"].to_string().contains("\"A\""), "{container}");
    assert_eq!(container["resources"], json!({}));
    assert_eq!(template["metadata"]["labels"]["tier"], json!(null));
    // The managed fields are settled: from now on, each apply is one request.
    for kind in ["deployments", "services"] {
        let managed =
            namespace.list(&format!("{kind} --show-managed-fields"))[0]["metadata"]["managedFields"].clone();
        let ours = managed.as_array().unwrap().iter();
        let ours: Vec<_> = ours.filter(|entry| entry["manager"] == "serverless-controller").collect();
        assert_eq!(ours.len(), 1, "{managed}");
        assert_eq!(ours[0]["operation"], "Apply");
    }
}

#[test]
fn a_cluster_in_which_nothing_happens_is_not_written_to() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "idle");
    let names: Vec<_> = (0..100).map(|index| format!("f{index:03}")).collect();
    let functions: Vec<_> = names
        .iter()
        .map(|name| {
            function(name, &json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1}))
        })
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": functions});
    namespace.kubectl("create -f -", &list).unwrap();
    let is_running = |function: &Value| {
        let conditions = function["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|condition| condition["type"] == "Running" && condition["status"] == "True")
    };
    namespace.wait("all run", || namespace.list("functions").iter().all(is_running));
    let versions = namespace.settled();
    // Reconciling all of them again, as after a restart of the API server, writes nothing either.
    let touch = "annotate functions --all serverless.kyma-project.io/gitPollInterval=1m";
    namespace.kubectl(touch, NOTHING).unwrap();
    // Long enough for a write, which must not happen.
    std::thread::sleep(Duration::from_secs(4));
    let is_function = |version: &&String| version.starts_with("\"Function\"");
    let others = |versions: &[String]| -> Vec<_> {
        versions.iter().filter(|version| !is_function(version)).cloned().collect()
    };
    let after = namespace.versions();
    assert_eq!(others(&after), others(&versions));
    // The Functions themselves do not change endlessly, either.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(namespace.versions(), after);
}

#[test]
fn a_service_of_somebody_else_is_left_alone_and_its_end_is_seen() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "taken");
    // A Service that a careless apply would merge with: no selector, another port.
    let theirs = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "demo"},
        "spec": {"ports": [{"port": 6379}]},
    });
    namespace.kubectl("create -f -", &theirs).unwrap();
    let theirs = namespace.get("service demo");
    namespace.apply("demo", &json!({}));
    let expected = "False NameConflict Service demo exists and does not belong to this Function";
    namespace.await_condition("demo", "ConfigurationReady", expected);
    assert_eq!(namespace.get("service demo"), theirs);
    // After this, no other change causes a reconcile.
    namespace.wait("the Deployment is ready", || {
        let conditions = namespace.list("deployments")[0]["status"]["conditions"].to_string();
        conditions.contains("NewReplicaSetAvailable")
    });
    namespace.kubectl("delete service demo", NOTHING).unwrap();
    namespace.await_condition("demo", "Running", "True");
    namespace.await_condition("demo", "ConfigurationReady", "True");
}

#[test]
fn what_has_a_name_of_ours_is_left_alone_and_its_end_is_seen() {
    let namespace = Namespace::bare(&CLUSTER.control_plane, "derived");
    namespace.add_runtime();
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "ConfigurationReady", "False RegistryConfigMissing");
    let function: api::Function = serde_json::from_value(namespace.get("function demo")).unwrap();
    let name = Identity::of(&function.metadata).unwrap().child();
    let labels = json!({"app": "theirs"});
    let pod = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "b"}]}});
    let spec = json!({"replicas": 0, "selector": {"matchLabels": labels}, "template": pod});
    // With no field in common, server-side apply alone would find no conflict.
    let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"their": "own"}});
    let deployment =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec});
    for theirs in [config_map, deployment] {
        namespace.kubectl("create -f -", &theirs).unwrap();
    }
    namespace.add_registry("registry.example.com");
    for kind in ["ConfigMap", "Deployment"] {
        let expected =
            format!("False NameConflict {kind} {name} exists and does not belong to this Function");
        namespace.await_condition("demo", "ConfigurationReady", &expected);
        let found = namespace.get(&format!("{kind} {name}"));
        assert_eq!(found["metadata"]["ownerReferences"], json!(null));
        assert_eq!(found["metadata"]["labels"], json!(null));
        namespace.kubectl(&format!("delete {kind} {name}"), NOTHING).unwrap();
    }
    namespace.await_condition("demo", "Running", "True");
}

#[test]
fn what_no_builder_can_use_is_told_and_the_queue_goes_on() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "refused");
    // More than a ConfigMap can hold.
    let half = "x".repeat(600_000);
    namespace
        .kubectl(
            "create -f -",
            &function(
                "large",
                &json!({
                    "source": half, "deps": half, "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1,
                }),
            ),
        )
        .unwrap();
    namespace.await_condition("large", "ConfigurationReady", "False SourceUpdateFailed ConfigMap large-");
    let told = namespace.condition("large", "ConfigurationReady");
    assert!(told.contains("was refused: ") && told.contains("may not be more than 1048576 bytes"), "{told}");

    // A quota that leaves no room for Jobs.
    let quota = json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"count/jobs.batch": "0"}},
    });
    namespace.kubectl("create -f -", &quota).unwrap();
    namespace.wait("the quota counts", || namespace.get("resourcequota none")["status"]["hard"].is_object());
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "BuildReady", "False JobFailed Job demo-build-");
    let told = namespace.condition("demo", "BuildReady");
    assert!(told.contains("was refused: ") && told.contains("exceeded quota: none"), "{told}");
    namespace.kubectl("delete resourcequota none", NOTHING).unwrap();
    namespace.await_condition("demo", "Running", "True");
    namespace.apply("large", &json!({}));
    namespace.await_condition("large", "Running", "True");
}

#[test]
fn what_the_reference_implementation_left_is_taken_over() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "leftover");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let ours = namespace.made();
    for kind in ["configmaps", "deployments"] {
        namespace.add_leftover(kind);
    }
    namespace.wait("what has other names is gone", || namespace.made() == ours);
}
