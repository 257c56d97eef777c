//! A tenant who may do anything in three namespaces, and write Functions and repositories in a fourth. At random, it
//! makes the attacks that an adversarial review found, and variations of them. The API server decides what it may do.

mod attacks;
pub mod connections;
pub mod forged;
mod hostile;
mod plan;
mod remotes;
pub mod servers;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams,
};
use kube::{Client, Error};
use russh::keys::{Algorithm, PrivateKey};
use rustls::ClientConfig;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::health::Running;
use super::journal::Journal;
use super::system::{Remotes, System};
use crate::harness::cluster::{client, kubectl};
use crate::harness::git::new_key;
use crate::harness::git_servers::{Repository, Ssh};
use crate::harness::tls;
use plan::{Acts, Attack};
use servers::{Arrived, Servers};

/// Sorts before all others; Pod security is `restricted` here.
const FIRST: &str = "aaa-mallory";
/// Sorts after all others.
const LAST: &str = "zzz-mallory";
/// A namespace where the adversary may only write Functions and repositories, and read no Secret.
const DEVELOPMENT: &str = "zzz-mallory-dev";
/// A namespace where builds hang, and nothing else changes what is built.
const HANGING: &str = "bbb-mallory";
pub const NAMESPACES: [&str; 4] = [FIRST, HANGING, LAST, DEVELOPMENT];

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long all attacks together may take.
const ROUND: Duration = Duration::from_mins(3);

/// The highest number of objects of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    pub functions: usize,
    pub runtimes: usize,
}

impl Caps {
    /// The caps for a run of this many seconds.
    pub fn of(seconds: u64) -> Self {
        if seconds < 300 { Self { functions: 20, runtimes: 8 } } else { Self { functions: 60, runtimes: 60 } }
    }
}

pub struct Adversary {
    /// Has all rights in [`FIRST`], [`HANGING`] and [`LAST`].
    client: Client,
    /// May write Functions and repositories in [`DEVELOPMENT`].
    developer: Client,
    /// Has the rights of an administrator, but reads only what is not secret: names and UIDs of others.
    spy: Client,
    caps: Caps,
    servers: Servers,
    /// An SSH server, and the key that it accepts.
    ssh: Ssh,
    key: PrivateKey,
    _code: Repository,
    tls: Arc<ClientConfig>,
    running: Running,
    remotes: Arc<Remotes>,
    journal: Arc<Journal>,
    /// The number of finished acts.
    acts: AtomicUsize,
}

impl Adversary {
    /// Creates namespaces and rights, without any attack yet.
    pub async fn new(system: &System, spy: Client, caps: Caps, journal: Arc<Journal>) -> Self {
        let control_plane = &system.installed.control_plane;
        let admin = |words: &str| kubectl(control_plane, words, &Value::Null).unwrap();
        for namespace in NAMESPACES {
            admin(&format!("create namespace {namespace}"));
        }
        admin(&format!("label namespace {FIRST} pod-security.kubernetes.io/enforce=restricted"));
        for namespace in [FIRST, HANGING, LAST] {
            admin(&format!("create role all -n {namespace} --verb=* --resource=*.*"));
            admin(&format!("create rolebinding all -n {namespace} --role=all --user=mallory"));
        }
        let group = "serverless.kyma-project.io";
        let words = format!("--verb=* --resource=functions.{group},gitrepositories.{group}");
        admin(&format!("create role code -n {DEVELOPMENT} {words}"));
        admin(&format!("create rolebinding code -n {DEVELOPMENT} --role=code --user=mallory-dev"));
        let configuration = admin("get validatingwebhookconfigurations -o json");
        let configuration: Value = serde_json::from_str(&configuration).unwrap();
        let bundle = configuration["items"][0]["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap();
        let tls = tls::client(&authority(bundle));
        let as_user =
            async |user: &str| client(&control_plane.kubeconfig_for(user, "tenants").unwrap()).await;
        let (code, key) = (Repository::new(), new_key(Algorithm::Ed25519));
        let ssh = Ssh::start(&code, new_key(Algorithm::Ed25519), key.public_key(), 0).await;
        Self {
            client: as_user("mallory").await,
            developer: as_user("mallory-dev").await,
            spy,
            caps,
            servers: Servers::start().await,
            ssh,
            key,
            _code: code,
            tls: Arc::new(tls),
            running: system.running.clone(),
            remotes: Arc::clone(&system.remotes),
            journal,
            acts: AtomicUsize::default(),
        }
    }

    /// Waits until each attack was made at least once.
    pub fn await_round(&self) {
        let end = Instant::now() + ROUND;
        while self.acts.load(Ordering::SeqCst) < Acts::round() {
            assert!(Instant::now() < end, "the adversary is not through with its attacks");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Makes one attack after the other, until `stop` is set.
    pub async fn work(&self, seed: u64, stop: &AtomicBool) {
        // Leaves out attacks, to find the one that does harm.
        let without = std::env::var("CHAOS_WITHOUT").unwrap_or_default();
        let is_done = |attack: Attack| without.split(',').all(|name| name != format!("{attack:?}"));
        // Without a victim, many attacks would have no effect.
        while self.victim(0).await.is_none() && !stop.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for act in Acts::new(seed) {
            tokio::time::sleep(Duration::from_millis(act.pause)).await;
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let done = if is_done(act.attack) { self.act(&act).await } else { "left out".to_owned() };
            self.acts.fetch_add(1, Ordering::SeqCst);
            self.journal.tell(&format!("adversary {}: {:?}: {done}", act.number, act.attack));
        }
    }

    /// The connections and leaks at its servers.
    pub fn arrived(&self) -> MutexGuard<'_, Arrived> {
        self.servers.arrived()
    }

    /// A Function of another tenant.
    async fn victim(&self, index: usize) -> Option<Value> {
        let functions = api(&self.spy, "serverless.kyma-project.io/v1alpha1", "Function", "");
        let listed = timeout(PATIENCE, functions.list(&ListParams::default())).await.ok()?.ok()?;
        let is_others = |function: &DynamicObject| {
            let namespace = function.metadata.namespace.as_deref().unwrap_or_default();
            !NAMESPACES.contains(&namespace)
        };
        let others: Vec<_> = listed.items.into_iter().filter(is_others).collect();
        let victim = others.get(index.checked_rem(others.len())?)?;
        serde_json::to_value(victim).ok()
    }

    /// Creates or updates an object in a namespace. Returns the result.
    async fn put(&self, namespace: &str, object: &Value) -> String {
        let client = if namespace == DEVELOPMENT { &self.developer } else { &self.client };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
        let api = api(client, &text(&object["apiVersion"]), &kind, namespace);
        let new: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        let request = async {
            match api.create(&PostParams::default(), &new).await {
                Err(Error::Api(status)) if status.code == 409 => {
                    let patch = Patch::Merge(object);
                    api.patch(&name, &PatchParams::default(), &patch).await.map(|_| "changed")
                }
                created => created.map(|_| "created"),
            }
        };
        format!("{kind} {namespace}/{name} {}", outcome(timeout(PATIENCE, request).await))
    }

    async fn patch(&self, namespace: &str, object: (&str, &str, &str), patch: &Value) -> String {
        let (api_version, kind, name) = object;
        let (kind, subresource) = kind.split_once('/').unwrap_or((kind, ""));
        let api = api(&self.client, api_version, kind, namespace);
        let (parameters, merge) = (PatchParams::default(), Patch::Merge(patch));
        let request = async {
            if subresource.is_empty() {
                api.patch(name, &parameters, &merge).await.map(|_| "changed")
            } else {
                api.patch_subresource(subresource, name, &parameters, &merge).await.map(|_| "changed")
            }
        };
        format!("{kind} {namespace}/{name} {}", outcome(timeout(PATIENCE, request).await))
    }

    /// Deletes an object and removes its finalizers.
    async fn delete(&self, namespace: &str, object: (&str, &str, &str)) -> String {
        let (api_version, kind, name) = object;
        let api = api(&self.client, api_version, kind, namespace);
        let free = json!({"metadata": {"finalizers": null}});
        let request = async {
            api.patch(name, &PatchParams::default(), &Patch::Merge(&free)).await?;
            api.delete(name, &DeleteParams::background()).await.map(|_| "deleted")
        };
        format!("{kind} {namespace}/{name} {}", outcome(timeout(PATIENCE, request).await))
    }

    /// The names of its own objects, by a label selector.
    async fn names(&self, namespace: &str, api_version: &str, kind: &str, labels: &str) -> Vec<String> {
        let api = api(&self.client, api_version, kind, namespace);
        let parameters = ListParams::default().labels(labels);
        let Ok(Ok(listed)) = timeout(PATIENCE, api.list_metadata(&parameters)).await else {
            return Vec::new();
        };
        listed.items.into_iter().filter_map(|object| object.metadata.name).collect()
    }
}

fn api(client: &Client, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    }
}

fn outcome(result: Result<Result<&str, Error>, tokio::time::error::Elapsed>) -> String {
    match result {
        Ok(Ok(word)) => word.to_owned(),
        Ok(Err(Error::Api(status))) => {
            format!("{} {}", status.code, status.message.chars().take(120).collect::<String>())
        }
        Ok(Err(error)) => error.to_string().chars().take(120).collect(),
        Err(_) => "no answer".to_owned(),
    }
}

fn authority(bundle: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(bundle).unwrap();
    String::from_utf8(bytes).unwrap()
}
