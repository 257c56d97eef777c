//! The author of the changes: like a person, it retries while the API server is down, and records refusals that should
//! not have happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use kube::core::Status;
use kube::{Client, Error};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::adversary::forged::{self, BYSTANDERS, JobForm};
use super::journal::Journal;
use super::plan::{Change, Plan, Wanted, Which};
use super::system::Remotes;
use crate::harness::cluster::{function, repository};

/// How long the same request is retried.
const PATIENCE: Duration = Duration::from_mins(1);
pub const OWN: &str = "serverless-registry-config";
pub const DEFAULT: &str = "serverless-registry-config-default";
/// The base namespace.
const BASE: &str = "kyma-system";

pub struct Author {
    pub client: Client,
    pub remotes: Arc<Remotes>,
    pub journal: Arc<Journal>,
    /// Whoever holds this stops the requests.
    pub turn: Arc<Mutex<()>>,
}

impl Author {
    /// Creates what exists before anything goes wrong.
    pub async fn prepare(&self) {
        self.put_secret(BASE, DEFAULT, 0, 0, &for_all()).await;
    }

    /// Requests one change after the other until `stop` is set. Returns the wanted state at that time.
    pub async fn work(&self, seed: u64, stop: &AtomicBool) -> Wanted {
        let mut plan = Plan::new(seed);
        while !stop.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(plan.pause())).await;
            let _working = self.turn.lock().await;
            let Some(change) = plan.next() else { break };
            self.journal.tell(&change.to_string());
            self.make(&change, &plan.wanted).await;
        }
        plan.wanted
    }

    /// Makes a change; `wanted` includes it already.
    async fn make(&self, change: &Change, wanted: &Wanted) {
        match change {
            Change::CreateNamespace(name) => {
                self.put(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).await;
                let code = repository("code", &json!({"url": self.remotes.git_url()}));
                self.put(&within(name, code)).await;
                for object in bystanders(name) {
                    self.put(&object).await;
                }
            }
            Change::DeleteNamespace(name) => self.delete("v1", "Namespace", "", name).await,
            Change::PutFunction(namespace, name, spec) => {
                self.put(&within(namespace, function(name, spec))).await;
            }
            Change::DeleteFunction(namespace, name) => self.delete_function(namespace, name).await,
            Change::ReplaceFunction(namespace, name, spec) => {
                self.delete_function(namespace, name).await;
                self.put(&within(namespace, function(name, spec))).await;
            }
            Change::Commit(text) => self.remotes.commit(text),
            Change::Rotate(which) => {
                self.remotes.set_password(*which, wanted.passwords[*which]);
                for (name, _) in wanted.namespaces.iter().filter(|(_, other)| other.own == Some(*which)) {
                    self.put_own(name, wanted).await;
                }
                if wanted.for_all == Some(*which) {
                    self.put_for_all(wanted).await;
                }
                if *which == 0 {
                    self.put_secret(BASE, DEFAULT, 0, wanted.passwords[0], &for_all()).await;
                }
            }
            Change::Own(name, None) => self.delete("v1", "Secret", name, OWN).await,
            Change::Own(name, Some(_)) => self.put_own(name, wanted).await,
            Change::ForAll(None) => self.delete_for_all().await,
            Change::ForAll(Some(_)) => self.put_for_all(wanted).await,
            Change::Invalid(namespace) => self.try_invalid(namespace).await,
        }
    }

    async fn put_own(&self, name: &str, wanted: &Wanted) {
        let which = wanted.namespaces[name].own.unwrap();
        // A registry of the namespace's own: the one that is copied to all namespaces does not replace it.
        let labels = json!({"serverless.kyma-project.io/managed-by": "user"});
        self.put_secret(name, OWN, which, wanted.passwords[which], &labels).await;
    }

    async fn put_for_all(&self, wanted: &Wanted) {
        let which = wanted.for_all.unwrap();
        self.put_secret(BASE, OWN, which, wanted.passwords[which], &for_all()).await;
    }

    async fn put_secret(&self, namespace: &str, name: &str, which: Which, password: usize, labels: &Value) {
        let mut all = json!({"serverless.kyma-project.io/remote-registry": "config"});
        all.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
        self.put(&json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": name, "namespace": namespace, "labels": all},
            "stringData": self.remotes.secret(which, password),
        }))
        .await;
    }

    async fn put(&self, object: &Value) {
        let metadata = &object["metadata"];
        let name = metadata["name"].as_str().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let api =
            self.api(&text(&object["apiVersion"]), &text(&object["kind"]), &text(&metadata["namespace"]));
        let new: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        self.ask(&format!("{} {name}", text(&object["kind"])), async || {
            match api.patch(name, &PatchParams::default(), &Patch::Merge(object)).await {
                Err(Error::Api(status)) if status.code == 404 => {
                    api.create(&PostParams::default(), &new).await.map(drop)
                }
                patched => patched.map(drop),
            }
        })
        .await;
    }

    async fn delete_function(&self, namespace: &str, name: &str) {
        self.delete("serverless.kyma-project.io/v1alpha1", "Function", namespace, name).await;
    }

    async fn delete_for_all(&self) {
        self.delete("v1", "Secret", BASE, OWN).await;
        // Its copies are deleted first, and a copy that is still being deleted cannot be written again.
        let secrets = self.api("v1", "Secret", BASE);
        let deadline = Instant::now() + PATIENCE;
        while !matches!(secrets.get_opt(OWN).await, Ok(None)) {
            assert!(Instant::now() < deadline, "Secret {OWN} of {BASE} does not go");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let api = self.api(api_version, kind, namespace);
        self.ask(&format!("deleting {kind} {name}"), async || {
            match api.delete(name, &DeleteParams::default()).await {
                Err(Error::Api(status)) if status.code == 404 => Ok(()),
                deleted => deleted.map(drop),
            }
        })
        .await;
    }

    /// The webhook must report what is wrong, and not the schema.
    async fn try_invalid(&self, namespace: &str) {
        let spec = json!({"source": "x", "runtime": "cobol60"});
        let invalid = within(namespace, function("invalid", &spec));
        let api = self.api("serverless.kyma-project.io/v1alpha1", "Function", namespace);
        let invalid: DynamicObject = serde_json::from_value(invalid).unwrap();
        self.ask("what is invalid", async || match api.create(&PostParams::default(), &invalid).await {
            Ok(_) => {
                self.journal.blame("a Function of a runtime that is not there was accepted");
                Ok(())
            }
            Err(Error::Api(status)) if is_verdict(&status) => Ok(()),
            Err(error) => Err(error),
        })
        .await;
    }

    /// Retries until it succeeds. A failure is wrong while nothing is cut off or killed, and a refusal always.
    async fn ask(&self, what: &str, request: impl AsyncFn() -> Result<(), Error>) {
        let first = Instant::now();
        loop {
            let asked = Instant::now();
            let Err(error) = request().await else { return };
            let said = match &error {
                Error::Api(status) => format!("{what}: {} {}", status.code, status.message),
                error => format!("{what}: {error}"),
            };
            let is_refused = matches!(&error, Error::Api(status) if is_verdict(status));
            // Somebody else wrote it at the same time.
            let is_conflict = matches!(&error, Error::Api(status) if status.code == 409);
            if is_refused || !(is_conflict || self.journal.is_excused(asked)) {
                self.journal.blame(&said);
            }
            assert!(!is_refused && first.elapsed() < PATIENCE, "{said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn api(&self, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        if namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        }
    }
}

/// Whether the webhook or the schema has refused it.
fn is_verdict(status: &Status) -> bool {
    status.code == 422 || status.message.contains("denied the request")
}

fn within(namespace: &str, mut object: Value) -> Value {
    object["metadata"]["namespace"] = namespace.into();
    object
}

fn for_all() -> Value {
    json!({"serverless.kyma-project.io/config": "credentials"})
}

/// What the tenant of a namespace has there besides Functions.
pub fn bystanders(namespace: &str) -> [Value; 3] {
    let metadata = BYSTANDERS.map(|name| json!({"name": name, "namespace": namespace}));
    let [config_map, deployment, job] = metadata;
    [forged::config_map(&config_map), forged::deployment(&deployment), forged::job(job, JobForm::Suspended)]
}
