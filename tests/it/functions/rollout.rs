//! Functions that are built and do not start to run report why. Scheduler, quota and Deployments are real; the test
//! writes what a kubelet reports about a container that crashes.

use serde_json::{Value, json};

use crate::harness::cluster::NOTHING;
use crate::harness::controller::CLUSTER;
use crate::harness::namespace::Namespace;

const FAILED: &str = "False DeploymentFailed Deployment demo-";

#[test]
fn a_function_whose_pods_cannot_be_scheduled_says_so() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "unschedulable");
    namespace.apply("demo", &json!({"resources": {"requests": {"cpu": "1000000"}}}));
    namespace.await_condition("demo", "Running", FAILED);
    let said = namespace.condition("demo", "Running");
    let expected = " cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu.";
    assert!(said.contains(" failed: Pod demo-") && said.contains(expected), "{said}");
    assert_eq!(namespace.condition("demo", "Ready"), said);
    let events = namespace.events("demo");
    assert!(events.iter().any(|event| event.starts_with("Warning DeploymentFailed ")), "{events:?}");
}

#[test]
fn a_function_whose_pods_exceed_a_quota_says_so() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "over-quota");
    namespace.kubectl("create quota small --hard=requests.cpu=1", NOTHING).unwrap();
    let cpu = |cpu: &str| json!({"requests": {"cpu": cpu}});
    namespace.apply("demo", &json!({"buildResources": cpu("100m"), "resources": cpu("2")}));
    namespace.await_condition("demo", "Running", FAILED);
    let said = namespace.condition("demo", "Running");
    assert!(said.contains(" failed: no Pod was created: pods \"demo-"), "{said}");
    assert!(said.contains("is forbidden: exceeded quota: small, requested: requests.cpu=2"), "{said}");
}

#[test]
fn a_function_that_crashes_says_its_last_words_until_it_is_ready() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "crashes");
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Ready", "True DeploymentReady");
    let pods = namespace.list("pods -l serverless.kyma-project.io/resource=deployment");
    let pod = pods[0]["metadata"]["name"].as_str().unwrap();
    let ended = json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "Error: Cannot find module 'x'\n"}});
    let say = |is_ready: bool, state: Value| {
        let container = json!({"name": "function", "image": "i", "imageID": "i", "ready": is_ready,
            "restartCount": 1, "state": state, "lastState": ended});
        let status = if is_ready { "True" } else { "False" };
        let conditions = ["Ready", "ContainersReady"].map(|kind| json!({"type": kind, "status": status}));
        let patch = json!({"status": {"conditions": conditions, "containerStatuses": [container]}});
        let words = format!("patch pod {pod} --subresource=status --patch-file=/dev/stdin");
        namespace.kubectl(&words, &patch).unwrap();
    };
    say(false, json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}));
    namespace.await_condition("demo", "Running", FAILED);
    let said = namespace.condition("demo", "Running");
    assert!(said.ends_with(&format!("failed: Pod {pod} crashes: Error: Cannot find module 'x'")), "{said}");
    say(true, json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}}));
    namespace.await_condition("demo", "Ready", "True DeploymentReady");
}
