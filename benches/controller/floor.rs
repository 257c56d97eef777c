//! The minimum for any controller: a client that knows the objects of Functions in advance creates them as soon as
//! possible, reads nothing, and writes once that a Function runs.

use std::collections::HashSet;
use std::time::Instant;

use controller::config::Config;
use controller::plan::{Manifests, plan};
use futures::StreamExt as _;
use kube::ResourceExt as _;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::{Value, json};
use testenv::Options;
use tokio::sync::{Semaphore, watch};

use crate::{CLIENTS, api, cluster, create, function, functions_api, is_met, prepare, registry, runtime};

/// One run, as a line of the report.
pub async fn run(functions: usize, slots: usize) -> String {
    // The control plane ends with this function.
    let (_control_plane, client) = cluster(&Options { controllers: true, ..Options::default() }).await;
    prepare(&client).await;
    let kind =
        |group: &str, version: &str, kind: &str, plural: &str| api(&client, group, version, kind, plural);
    let of_functions = functions_api(&client);
    let config_maps = kind("", "v1", "ConfigMap", "configmaps");
    let jobs = kind("batch", "v1", "Job", "jobs");
    let deployments = kind("apps", "v1", "Deployment", "deployments");
    let services = kind("", "v1", "Service", "services");
    let complete = follow(&jobs, "Complete");
    let available = follow(&deployments, "Available");

    let free = Semaphore::new(slots);
    let asking = Semaphore::new(CLIENTS);
    let started = Instant::now();
    let all = futures::stream::iter(0..functions).for_each_concurrent(functions, async |index| {
        // As many clients create Functions as in the benchmark of the controller.
        let turn = asking.acquire().await.unwrap();
        let created = of_functions.create(&PostParams::default(), &function(index)).await.unwrap();
        drop(turn);
        let objects = objects(&created);
        let object = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap().clone();
        let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
        create(&config_maps, object("ConfigMap")).await;
        let slot = free.acquire().await.unwrap();
        create(&jobs, object("Job")).await;
        let job = name(&object("Job"));
        complete.clone().wait_for(|complete| complete.contains(&job)).await.unwrap();
        drop(slot);
        create(&deployments, object("Deployment")).await;
        create(&services, object("Service")).await;
        let deployment = name(&object("Deployment"));
        available.clone().wait_for(|available| available.contains(&deployment)).await.unwrap();
        let condition = json!({
            "type": "Running", "status": "True", "reason": "DeploymentReady", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let status = Patch::Merge(json!({"status": {"conditions": [condition]}}));
        of_functions.patch_status(&created.name_any(), &PatchParams::default(), &status).await.unwrap();
    });
    all.await;
    format!("{functions} Functions, {slots} build slots, by hand: {:.1} s", started.elapsed().as_secs_f64())
}

/// The objects that the controller would create for a Function.
pub fn objects(function: &DynamicObject) -> Vec<Value> {
    let mut manifests = Manifests::new("default");
    for manifest in [serde_json::to_value(function).unwrap(), runtime(), registry()] {
        manifests.read(&manifest.to_string()).unwrap();
    }
    let planned = plan(&Config::default(), &manifests).remove(0);
    let objects = planned.text.split("---\n").filter_map(|object| serde_saphyr::from_str(object).ok());
    // The reports about the Function are comments.
    objects.filter(|object: &Value| object["kind"].is_string()).collect()
}

/// The names of the Functions that have a condition.
fn follow(api: &Api<DynamicObject>, condition: &'static str) -> watch::Receiver<HashSet<String>> {
    let (sender, receiver) = watch::channel(HashSet::new());
    let seen = watcher(api.clone(), watcher::Config::default()).applied_objects();
    tokio::spawn(async move {
        let mut seen = std::pin::pin!(seen);
        while let Some(Ok(object)) = seen.next().await {
            if is_met(&object, condition) {
                sender.send_modify(|names| _ = names.insert(object.name_any()));
            }
        }
    });
    receiver
}
