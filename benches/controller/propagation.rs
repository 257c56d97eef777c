//! The cost of copying three Secrets to many namespaces, one of which refuses them.

use std::collections::HashMap;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, PartialObjectMeta, Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::json;
use testenv::Options;

use crate::process::Process;
use crate::{CLIENTS, api_in, api_of_all, cluster, create};

const SECRETS: [&str; 3] = [
    "serverless-registry-config-default",
    "serverless-registry-config",
    "serverless-package-registry-config",
];
const CONFIG: &str = "serverless.kyma-project.io/config";
const APPLIED: &str = "serverless.kyma-project.io/applied";
const REFUSES: &str = "bench-00000";

/// One run, as rows of a table: the first copies, new content for all of them, and a while without changes.
pub async fn run(program: &Path, namespaces: usize, idle: Duration) {
    let (control_plane, client) = cluster(&Options::default()).await;
    prepare(&client, namespaces).await;
    let copies = (namespaces - 1) * SECRETS.len();
    println!(
        "| {namespaces} namespaces × {} Secrets, one refuses | s | writes/s | requests | CPU s | peak MiB |",
        SECRETS.len()
    );
    println!("|---|---|---|---|---|---|");

    let seen = watcher(
        Api::<PartialObjectMeta<Secret>>::all(client.clone()),
        watcher::Config::default().labels(&format!("{CONFIG}=credentials")),
    );
    let mut seen = pin!(seen.applied_objects());
    let started = Instant::now();
    let controller = Process::start(program, &control_plane, 5).await;
    let mut marks = HashMap::new();
    converge(&mut seen, &mut marks, copies).await;
    let mut row = Row { controller: &controller, calls: Vec::new(), cpu: 0.0 };
    row.print("first copies", started.elapsed(), copies).await;

    let changed = Instant::now();
    let secrets = Api::<Secret>::namespaced(client.clone(), "kyma-system");
    for name in SECRETS {
        let patch = json!({"stringData": {"password": "other"}});
        secrets.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
    converge(&mut seen, &mut marks, copies).await;
    row.print("other content", changed.elapsed(), copies).await;

    tokio::time::sleep(Duration::from_secs(5)).await;
    row.print("what is said late", Duration::from_secs(5), 0).await;
    tokio::time::sleep(idle).await;
    row.print("nothing changes", idle, 0).await;
}

/// Waits until this number of copies has another mark than before.
async fn converge(
    seen: &mut (impl Stream<Item = watcher::Result<PartialObjectMeta<Secret>>> + Unpin),
    marks: &mut HashMap<(String, String), String>,
    copies: usize,
) {
    let mut done = 0;
    while done < copies {
        let secret = seen.next().await.unwrap().unwrap();
        let key = (secret.namespace().unwrap(), secret.name_any());
        let Some(mark) = secret.annotations().get(APPLIED).cloned() else { continue };
        if marks.insert(key, mark.clone()).as_ref() != Some(&mark) {
            done += 1;
        }
    }
}

/// The cost since the previous row.
struct Row<'a> {
    controller: &'a Process,
    calls: Vec<(String, u64)>,
    cpu: f64,
}

impl Row<'_> {
    async fn print(&mut self, what: &str, took: Duration, writes: usize) {
        let (calls, cpu) = (self.controller.calls().await, self.controller.cpu_seconds());
        let since = |verb: &str, number: u64| {
            number - self.calls.iter().find(|(known, _)| known == verb).map_or(0, |(_, number)| *number)
        };
        let spent: Vec<_> =
            calls.iter().map(|(verb, number)| format!("{verb} {}", since(verb, *number))).collect();
        println!(
            "| {what} | {:.1} | {:.0} | {} | {:.2} | {:.1} |",
            took.as_secs_f64(),
            writes as f64 / took.as_secs_f64(),
            spent.join(", "),
            cpu - self.cpu,
            self.controller.peak_mib(),
        );
        (self.calls, self.cpu) = (calls, cpu);
    }
}

/// Creates Secrets in the base namespace, many namespaces, and a policy that refuses Secrets in one of them.
async fn prepare(client: &Client, namespaces: usize) {
    let all = api_of_all(client, "", "v1", "Namespace", "namespaces");
    create(&all, json!({"metadata": {"name": "kyma-system"}})).await;
    let indices = futures::stream::iter(0..namespaces);
    indices
        .for_each_concurrent(CLIENTS, async |index| {
            create(&all, json!({"metadata": {"name": format!("bench-{index:05}")}})).await;
        })
        .await;
    let group = "admissionregistration.k8s.io";
    let policies =
        api_of_all(client, group, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies");
    let policy = json!({
        "metadata": {"name": "refuses"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": REFUSES}},
            },
            "validations": [{"expression": "false"}],
        },
    });
    create(&policies, policy).await;
    let bindings = api_of_all(
        client,
        group,
        "v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
    );
    let binding = json!({"metadata": {"name": "refuses"}, "spec": {"policyName": "refuses", "validationActions": ["Deny"]}});
    create(&bindings, binding).await;
    let secrets = api_in(client, "kyma-system", "", "v1", "Secret", "secrets");
    for name in SECRETS {
        let secret = json!({
            "metadata": {"name": name, "labels": {(CONFIG): "credentials"}},
            "stringData": {"username": "builder", "password": "one", "registryAddress": "registry.example.com", "more": "x".repeat(1000)},
        });
        create(&secrets, secret).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
}
