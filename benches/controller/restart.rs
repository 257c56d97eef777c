//! The cost of a controller that starts in a cluster where many Functions already run. No Pods are simulated here, and
//! the objects of the Functions are created by hand, as a previous controller left them.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kube::ResourceExt as _;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use testenv::Options;

use crate::floor::objects;
use crate::process::Process;
use crate::{CLIENTS, all_running, api, cluster, create, function, functions_api, prepare};

/// One run, as a row of the table.
pub async fn run(program: &Path, functions: usize, idle: Duration) -> String {
    let (control_plane, client) = cluster(&Options::default()).await;
    prepare(&client).await;
    let of_functions = functions_api(&client);
    let creations = futures::stream::iter(0..functions).for_each_concurrent(CLIENTS, async |index| {
        let created = of_functions.create(&PostParams::default(), &function(index)).await.unwrap();
        for object in objects(&created) {
            make(&client, object).await;
        }
    });
    creations.await;

    let started = Instant::now();
    let controller = Process::start(program, &control_plane, 50).await;
    all_running(&of_functions, functions).await;
    let took = started.elapsed();
    tokio::time::sleep(idle).await;
    let calls: Vec<_> =
        controller.calls().await.iter().map(|(verb, number)| format!("{verb} {number}")).collect();
    format!(
        "| {functions} | {:.1} | {} | {:.2} | {:.1} |",
        took.as_secs_f64(),
        calls.join(", "),
        controller.cpu_seconds(),
        controller.peak_mib(),
    )
}

/// Creates an object of a Function, with the status that Kubernetes controllers would write.
async fn make(client: &kube::Client, object: Value) {
    let now = "2026-01-01T00:00:00Z";
    let met = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now});
    let (group, version, plural, status) = match object["kind"].as_str().unwrap() {
        "ConfigMap" => ("", "v1", "configmaps", Value::Null),
        "Service" => ("", "v1", "services", Value::Null),
        "Job" => {
            let conditions = [met("SuccessCriteriaMet", ""), met("Complete", "")];
            let times =
                json!({"startTime": now, "completionTime": now, "succeeded": 1, "conditions": conditions});
            ("batch", "v1", "jobs", times)
        }
        "Deployment" => {
            let replicas = json!({
                "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                "availableReplicas": 1, "conditions": [met("Available", "MinimumReplicasAvailable"), met("Progressing", "NewReplicaSetAvailable")],
            });
            ("apps", "v1", "deployments", replicas)
        }
        kind => unreachable!("{kind}"),
    };
    let kind = object["kind"].as_str().unwrap().to_owned();
    let objects: Api<DynamicObject> = api(client, group, version, &kind, plural);
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    create(&objects, object).await;
    if !status.is_null() {
        let patch = Patch::Merge(json!({"status": status}));
        let patched = objects.patch_status(&name, &PatchParams::default(), &patch).await.unwrap();
        assert_eq!(patched.name_any(), name);
    }
}
