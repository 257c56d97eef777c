//! How much of the controller's memory tenants can fill with large objects that look relevant to it. It is measured
//! during their creation, and for a controller that starts in a cluster that is full of them.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use futures::StreamExt as _;
use kube::api::{DynamicObject, PostParams};
use serde_json::{Value, json};
use testenv::Options;

use crate::process::Process;
use crate::{api, cluster, function, functions_api, prepare};

/// The number of concurrent clients: the API server, too, holds their requests in memory.
const CLIENTS: usize = 4;
/// The size of the large part of an object of one megabyte.
const LARGE: usize = 1_000_000;
/// The largest size of annotations, less their other content.
const ANNOTATIONS: usize = 250_000;
/// How long a controller is observed after it has seen everything.
const SETTLED: Duration = Duration::from_secs(20);

/// One run, as a row of the table, with this number of objects of each shape.
pub async fn run(program: &Path, each: usize) -> String {
    let (control_plane, client) = cluster(&Options::default()).await;
    prepare(&client).await;
    let controller = Process::start(program, &control_plane, 5).await;
    let idle = controller.peak_mib();

    let shapes: [fn(usize, &str) -> Value; 6] =
        [runtime, forged, source_of_another, credentials, annotated, repository];
    let creations = (0..each).flat_map(|index| shapes.into_iter().map(move |shape| (index, shape)));
    let create = async |(index, shape): (usize, fn(usize, &str) -> Value)| {
        // Random text, because a text that compresses well would prove nothing.
        let mut random = Rng::with_seed(index as u64);
        let text: String = std::iter::repeat_with(|| random.alphanumeric()).take(LARGE).collect();
        let object: DynamicObject = serde_json::from_value(shape(index, &text)).unwrap();
        let api = match object.types.as_ref().unwrap().kind.as_str() {
            "ConfigMap" => api(&client, "", "v1", "ConfigMap", "configmaps"),
            "Secret" => api(&client, "", "v1", "Secret", "secrets"),
            "GitRepository" => {
                api(&client, "serverless.kyma-project.io", "v1alpha1", "GitRepository", "gitrepositories")
            }
            _ => functions_api(&client),
        };
        api.create(&PostParams::default(), &object).await.unwrap();
    };
    futures::stream::iter(creations).for_each_concurrent(CLIENTS, create).await;
    tokio::time::sleep(SETTLED).await;
    let filled = controller.peak_mib();
    drop(controller);

    let again = Process::start(program, &control_plane, 5).await;
    tokio::time::sleep(SETTLED).await;
    format!("| {each} | {idle:.1} | {filled:.1} | {:.1} |", again.peak_mib())
}

fn runtime(index: usize, text: &str) -> Value {
    let labels = json!({"serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": "nodejs12"});
    let metadata = json!({"name": format!("runtime-{index}"), "labels": labels});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"Dockerfile": text}})
}

/// An object that claims to belong to a Function.
fn forged(index: usize, text: &str) -> Value {
    let uid = format!("uid-{index}");
    let labels = json!({
        "serverless.kyma-project.io/managed-by": "function-controller",
        "serverless.kyma-project.io/function-name": "f", "serverless.kyma-project.io/uuid": uid,
    });
    let owner = json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "name": format!("f-{index}"),
        "uid": uid, "controller": true,
    });
    // The name that such a Function gives to its object.
    let identity =
        decide::function::Identity { name: format!("f-{index}"), namespace: String::new(), uid: uid.clone() };
    let metadata = json!({"name": identity.child(), "labels": labels, "ownerReferences": [owner]});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"source": text}})
}

fn source_of_another(index: usize, text: &str) -> Value {
    let mut large = serde_json::to_value(function(index)).unwrap();
    large["spec"]["source"] = text.into();
    large
}

fn credentials(index: usize, text: &str) -> Value {
    let labels = json!({"serverless.kyma-project.io/config": "credentials", "serverless.kyma-project.io/remote-registry": "config"});
    let metadata = json!({"name": format!("credentials-{index}"), "labels": labels});
    let texts = json!({
        "username": "u", "password": text.get(..700_000), "registryAddress": "127.0.0.1:9/x", "serverAddress": "127.0.0.1:9",
    });
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": texts})
}

fn annotated(index: usize, text: &str) -> Value {
    let metadata = json!({"name": format!("annotated-{index}"), "annotations": {"example.com/note": text.get(..ANNOTATIONS)}});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
}

fn repository(index: usize, text: &str) -> Value {
    let annotations = json!({"serverless.kyma-project.io/host-keys": text.get(..ANNOTATIONS)});
    json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "GitRepository",
        "metadata": {"name": format!("repository-{index}"), "annotations": annotations},
        "spec": {"url": "https://127.0.0.1:9/r.git"},
    })
}
