//! The objects of the cluster: the cache, and the credentials that it refers to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use k8s_openapi::ByteString;
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use super::{RECOVERY, upstream};
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::node_agent;
use crate::harness::objects::{condition, persistent_volume};

/// The namespace of the controller, where caches are.
const SYSTEM: &str = "kyma-system";
/// The host in the names of images.
pub const UPSTREAM: &str = "upstream.test";
/// The name of the objects of the cache.
pub const RESOURCE: &str = "registry-upstream-test";
/// The cache itself.
const CACHE: &str = "registrycache upstream";

/// How the API server is asked. Kubectl alone, so that it goes on while the API server is away.
pub struct Cluster {
    pub control_plane: ControlPlane,
    /// The user and the password of each Secret `upstream-vNUMBER` that was created.
    credentials: Vec<(String, String)>,
}

impl Cluster {
    pub fn start() -> Self {
        // Addresses of Services are addresses of this machine, and of no other test.
        let process = std::process::id();
        let range = format!("127.{}.{}.0/24", 64 + process / 256 % 64, process % 256);
        let options = Options {
            controllers: true,
            api_server_flags: vec![format!("--service-cluster-ip-range={range}")],
            ..Options::default()
        };
        let control_plane = ControlPlane::start(&options).unwrap();
        testenv::install_crds(&control_plane).unwrap();
        let new = Self { control_plane, credentials: Vec::new() };
        for namespace in [SYSTEM, upstream::NAMESPACE] {
            new.kubectl(&format!("create namespace {namespace}"), NOTHING);
        }
        node_agent::allow(&new.control_plane);
        new.kubectl("create -f -", &persistent_volume("cache"));
        new
    }

    /// Asks for the cache.
    pub fn create_cache(&self, port: u16, authority: &str) {
        self.kubectl(
            "create -f -",
            &json!({
                "apiVersion": "serverless.kyma-project.io/v1alpha1",
                "kind": "RegistryCache",
                "metadata": {"name": "upstream"},
                "spec": {
                    "upstream": UPSTREAM,
                    "remoteURL": format!("https://localhost:{port}"),
                    "remoteCA": {"pem": authority},
                    "secretReferenceName": self.secret(),
                    "volume": {"size": "1Gi", "storageClassName": "standard"},
                },
            }),
        );
    }

    /// The name of the newest Secret.
    pub fn secret(&self) -> String {
        format!("upstream-v{}", self.credentials.len())
    }

    /// The newest user and password.
    pub fn login(&self) -> (&str, &str) {
        let (user, password) = self.credentials.last().unwrap();
        (user, password)
    }

    /// All passwords that were ever in a Secret.
    pub fn logins(&self) -> &[(String, String)] {
        &self.credentials
    }

    /// Creates a Secret with a user and a password.
    pub fn add_secret(&mut self, user: String, password: String) {
        self.credentials.push((user, password));
        let (user, password) = self.login();
        let labels = json!({"serverless.kyma-project.io/upstream-credentials": "config"});
        self.kubectl(
            "create -f -",
            &json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": self.secret(), "labels": labels},
                "immutable": true,
                "stringData": {"username": user, "password": password},
            }),
        );
    }

    /// Lets the cache refer to the newest Secret.
    pub fn refer(&self) {
        let patch = json!({"spec": {"secretReferenceName": self.secret()}}).to_string();
        self.kubectl(&format!("patch {CACHE} --type=merge -p {patch}"), NOTHING);
    }

    /// Deletes all Secrets but the newest one.
    pub fn delete_old_secrets(&self) {
        let old = format!("metadata.name!={}", self.secret());
        let words =
            "delete secrets -l serverless.kyma-project.io/upstream-credentials=config --field-selector";
        self.kubectl(&format!("{words} {old}"), NOTHING);
    }

    /// The Secrets that some cache uses, with the names of those caches.
    pub fn used(&self) -> BTreeMap<String, String> {
        let secrets = self.find("secrets -l serverless.kyma-project.io/upstream-credentials=config");
        let of = |secret: &Value| {
            let caches = &secret["metadata"]["annotations"]["serverless.kyma-project.io/used-by-caches"];
            let name = secret["metadata"]["name"].as_str().unwrap().to_owned();
            Some((name, caches.as_str()?.to_owned()))
        };
        secrets["items"].as_array().into_iter().flatten().filter_map(of).collect()
    }

    /// The cache as `kubectl get -o json` has it; null if nobody answers.
    pub fn cache(&self) -> Value {
        self.find(CACHE)
    }

    /// A condition of the cache as `Status Reason Message`.
    pub fn condition(&self, kind: &str) -> String {
        condition(&self.cache(), kind)
    }

    /// The name of the Secret whose credentials are proven.
    pub fn proven(&self) -> Value {
        self.cache()["status"]["provenCredentials"]["secretName"].clone()
    }

    /// How often the `StatefulSet` was changed.
    pub fn generation_of_pods(&self) -> Value {
        self.find(&format!("statefulset {RESOURCE}"))["metadata"]["generation"].clone()
    }

    /// An object; null if there is none, or nobody answers.
    pub fn find(&self, what: &str) -> Value {
        let words = format!("get {what} -n {SYSTEM} -o json --ignore-not-found");
        serde_json::from_str(&kubectl(&self.control_plane, &words, NOTHING).out).unwrap_or_default()
    }

    /// Waits until something holds. In vain, it says how the cache is.
    #[track_caller]
    pub fn wait(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + RECOVERY;
        while !holds() {
            assert!(Instant::now() < deadline, "in vain: {what}: {:#}", self.cache()["status"]);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// All Events, as text.
    pub fn events(&self) -> String {
        self.kubectl("get events --all-namespaces -o json", NOTHING)
    }

    /// The gateway asks as its account, with no other rights.
    pub fn kubeconfig_of_gateway(&self) -> PathBuf {
        let account = format!("system:serviceaccount:{SYSTEM}:{RESOURCE}");
        self.control_plane.kubeconfig_for(&account, "system:serviceaccounts").unwrap()
    }

    fn kubectl(&self, words: &str, manifest: &Value) -> String {
        kubectl(&self.control_plane, &format!("{words} --namespace={SYSTEM}"), manifest).unwrap()
    }
}

/// The values of a Secret.
pub fn data(secret: &Value) -> BTreeMap<String, String> {
    let data: BTreeMap<String, ByteString> =
        serde_json::from_value(secret["data"].clone()).unwrap_or_default();
    data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).unwrap())).collect()
}
