//! A cache, and Pods whose images come from it.

use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::names::cache::resource;
use serde_json::{Value, json};

use crate::harness::agent::FOLDER_OF_CONTAINERD;
use crate::harness::certs_d::pod;
use crate::harness::client::Login;
use crate::harness::real_cluster::{CLUSTER, Namespace, OwnNamespace, secret};
use crate::harness::registry::{Auth, Registry, trusting_crane};
use crate::harness::wait::wait_within;

/// How long a Pod may take to start on a busy machine.
pub const LONG: Duration = Duration::from_mins(3);

/// A cache with a name, of an upstream such as `registry.test:5006`.
pub struct Cache {
    name: &'static str,
    upstream: &'static str,
    /// Where the Pods are that pull.
    pub team: OwnNamespace,
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// The namespace of caches.
pub fn system() -> Namespace {
    Namespace { cluster: &CLUSTER, name: "kyma-system" }
}

impl Cache {
    /// Asks for it, with more than its upstream in the specification.
    pub fn create(name: &'static str, upstream: &'static str, more: &Value) -> Self {
        CLUSTER.provide_registries();
        CLUSTER.add_volume_of_claim("kyma-system", &claim(upstream), "");
        let team = CLUSTER.namespace(name);
        let alone = FOLDER_OF_CONTAINERD.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = CLUSTER.node.registries();
        CLUSTER.switch_agent(Some(&folder));
        let new = Self { name, upstream, team, folder, _alone: alone };
        let mut spec = json!({"upstream": upstream});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        system().apply(&json!({
            "apiVersion": "serverless.kyma-project.io/v1alpha1",
            "kind": "RegistryCache",
            "metadata": {"name": name},
            "spec": spec,
        }));
        new
    }

    /// Waits until nodes pull from it.
    pub fn await_node(&self) {
        self.awaits("Ready", "True|1/1 Pods are ready");
        // An agent that asks the cache before kube-proxy leads there takes it out for a while.
        self.await_endpoint(true);
    }

    /// Waits until the node asks the cache, or does not ask it.
    pub fn await_endpoint(&self, is_there: bool) {
        let endpoint =
            system().kubectl(&format!("get registrycache {} -o jsonpath={{.status.endpoint}}", self.name));
        assert_ne!(endpoint, "");
        let file = self.folder.join(self.upstream).join("hosts.toml");
        let deadline = Instant::now() + LONG;
        loop {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if text.contains(&endpoint) == is_there {
                return;
            }
            assert!(Instant::now() < deadline, "{endpoint}: {text}\n{}", self.explanation());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until a condition of the cache is `Status|Message`.
    pub fn awaits(&self, condition: &str, expected: &str) {
        let path = format!(
            "jsonpath={{range.status.conditions[?(@.type=='{condition}')]}}{{.status}}|{{.message}}{{end}}"
        );
        let deadline = Instant::now() + LONG;
        loop {
            let said = system().kubectl(&format!("get registrycache {} -o {path}", self.name));
            if said == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{condition}: {said}\n{}", self.explanation());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a person would look at.
    fn explanation(&self) -> String {
        let pods = format!("-l app={}", resource(self.upstream));
        let words = [
            format!("get registrycache {} -o yaml", self.name),
            format!("describe pods {pods}"),
            format!("logs {pods} --all-containers --tail=60"),
            "logs daemonset/serverless-node-agent --tail=30".to_owned(),
        ];
        words.map(|words| system().kubectl(&words)).join("\n")
    }

    /// The name of its Pod.
    pub fn pod(&self) -> String {
        format!("{}-0", resource(self.upstream))
    }

    /// A Pod with a pull secret, or without one. It asks for its image, whatever the node has.
    pub fn start(&self, name: &str, image: &str, login: Option<Login<'_>>) {
        let mut pod = pod(name, image);
        if let Some(login) = login {
            self.team.apply(&json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name},
                "type": "kubernetes.io/dockerconfigjson",
                "stringData": {".dockerconfigjson": docker_config(self.upstream, login)},
            }));
            pod["spec"]["imagePullSecrets"] = json!([{"name": name}]);
        }
        self.team.apply(&pod);
    }

    /// Runs a Pod until it is ready.
    pub fn runs(&self, name: &str, image: &str, login: Option<Login<'_>>) {
        self.start(name, image, login);
        self.team.await_pod(name);
        self.team.kubectl(&format!("delete pod {name} --now"));
    }

    /// Holds that a Pod gets no image.
    pub fn refuses(&self, name: &str, image: &str, login: Option<Login<'_>>) {
        self.start(name, image, login);
        let said = self.team.refusal(name);
        assert!(said.contains("failed to resolve"), "{said}");
        self.team.kubectl(&format!("delete pod {name} --now"));
    }

    /// Deletes it, and waits until the node has forgotten it.
    pub fn end(self) {
        system().kubectl(&format!("delete registrycache {}", self.name));
        let file = self.folder.join(self.upstream).join("hosts.toml");
        wait_within(LONG, "the node forgets the cache", || !file.exists());
        CLUSTER.switch_agent(None);
    }
}

/// The claim of the only Pod of the cache of an upstream.
pub fn claim(upstream: &str) -> String {
    format!("cache-volume-{}-0", resource(upstream))
}

/// An upstream with TLS at `registry.test`. The node trusts its certificate, whose authority is returned, too, so that it is
/// pulled from without the cache as well.
pub fn upstream_with_tls(port: u16, auth: Auth, password: &str) -> (Registry, String) {
    Registry::start_with_tls(&CLUSTER.control_plane, "registry.test", port, auth, password)
}

/// What the node has asked an upstream itself, with the status of the answer.
pub fn asked_by_node(upstream: &Registry) -> Vec<String> {
    let log = upstream.log();
    let requests = log.lines().filter(|line| line.contains("\"containerd/"));
    let request = |line: &str| {
        let mut parts = line.split('"').skip(1);
        let (request, status) = parts.next().zip(parts.next()).unwrap();
        format!("{request} {}", status.trim().split(' ').next().unwrap())
    };
    requests.map(request).collect()
}

/// Waits until nothing is left of a cache of an upstream.
pub fn await_end(upstream: &str) {
    let resource = resource(upstream);
    let left = format!("get pods,services,statefulsets,persistentvolumeclaims -l app={resource} -o name");
    wait_within(LONG, "all is gone", || system().kubectl(&left).is_empty());
}

/// Creates a Secret with credentials of an upstream.
pub fn add_credentials(name: &str, (username, password): Login<'_>) {
    let mut secret = secret(&json!({"name": name}), &json!({"username": username, "password": password}));
    secret["immutable"] = json!(true);
    system().apply(&secret);
}

/// Pushes an image that waits when it runs to an upstream, whose authority is trusted if it has one. Returns the image.
pub fn push(upstream: &str, login: Login<'_>, authority: &str, name: &str) -> String {
    let image = format!("{upstream}/{name}");
    let layout = testenv::built("node-images").unwrap().join("pause").display().to_string();
    let mut arguments = vec!["push", &layout, &image];
    if authority.is_empty() {
        arguments.push("--insecure");
    }
    trusting_crane(&docker_config(upstream, login), authority, &arguments).unwrap();
    image
}

fn docker_config(host: &str, (username, password): Login<'_>) -> String {
    json!({"auths": {host: {"username": username, "password": password}}}).to_string()
}
