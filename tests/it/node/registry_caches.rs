//! Pull-through caches on a real node: the kubelet pulls from the cache with the pull secret of the Pod, and credentials for
//! the upstream are rotated as the documentation of Gardener has it, step by step.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::agent::FOLDER_OF_CONTAINERD;
use crate::harness::certs_d::pod;
use crate::harness::real_cluster::{CLUSTER, Namespace, secret};
use crate::harness::registry::{Auth, Registry, USER, crane};
use crate::harness::wait::wait_within;

/// The upstream. The node has no way to it but the cache: it speaks no TLS, and the node expects it.
const UPSTREAM: &str = "registry.test:5006";
const PORT: u16 = 5006;
/// How long a Pod may take to start on a busy machine.
const LONG: Duration = Duration::from_mins(3);

fn system() -> Namespace {
    Namespace { cluster: &CLUSTER, name: "kyma-system" }
}

/// Gives the upstream an image that waits when it runs.
fn provide(upstream: &Registry, password: &str, tag: &str) -> String {
    let image = format!("{UPSTREAM}/team/app:{tag}");
    let layout = testenv::built("node-images").unwrap().join("pause").display().to_string();
    crane(&upstream.docker_config(password), &["push", "--insecure", &layout, &image]).unwrap();
    image
}

/// A Pod with a pull secret, or without one.
fn start(namespace: &Namespace, name: &str, image: &str, password: Option<&str>) {
    let mut pod = pod(name, image);
    if let Some(password) = password {
        let config = json!({"auths": {UPSTREAM: {"username": USER, "password": password}}}).to_string();
        namespace.apply(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": config},
        }));
        pod["spec"]["imagePullSecrets"] = json!([{"name": name}]);
    }
    namespace.apply(&pod);
}

/// Runs a Pod until it is ready. Each Pod asks for its image, whatever the node has.
fn runs(namespace: &Namespace, name: &str, image: &str, password: &str) {
    start(namespace, name, image, Some(password));
    namespace.await_pod(name);
    namespace.kubectl(&format!("delete pod {name} --now"));
}

fn credentials(name: &str, password: &str) -> Value {
    let mut secret = secret(&json!({"name": name}), &json!({"username": USER, "password": password}));
    secret["immutable"] = json!(true);
    secret
}

/// Waits until a condition of the cache says something: `Status Message`.
fn awaits(condition: &str, expected: &str) {
    let path = format!(
        "jsonpath={{range.status.conditions[?(@.type=='{condition}')]}}{{.status}}|{{.message}}{{end}}"
    );
    let deadline = Instant::now() + LONG;
    loop {
        let said = system().kubectl(&format!("get registrycache upstream -o {path}"));
        if said == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{condition}: {said}\n{}", explanation());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a person would look at.
fn explanation() -> String {
    let pods = "-l app.kubernetes.io/name=registry-cache";
    let words = [format!("describe pods {pods}"), format!("logs {pods} --all-containers --tail=60")];
    words.map(|words| system().kubectl(&words)).join("\n")
}

/// UID and restarts of the Pod of the cache.
fn pod_of_cache() -> String {
    let path = "jsonpath={.metadata.uid}{.status.containerStatuses[*].restartCount}";
    system().kubectl(&format!("get pod registry-registry-test-5006-0 -o {path}"))
}

/// A registry that cannot run its credential helper would pull as nobody: its Pod, a copy of that of the cache, does not start.
fn without_its_helper_a_registry_does_not_start() {
    let of_cache = system().kubectl("get pod registry-registry-test-5006-0 -o json");
    let of_cache: Value = serde_json::from_str(&of_cache).unwrap();
    let mut spec = of_cache["spec"].clone();
    assert_eq!(spec["initContainers"][0]["args"][2], "/helper/docker-credential-cache");
    spec["initContainers"][0]["args"][2] = json!("/helper/elsewhere");
    for volume in spec["volumes"].as_array_mut().unwrap() {
        if volume["name"] == "cache-volume" {
            *volume = json!({"name": "cache-volume", "emptyDir": {}});
        }
    }
    let name = "without-helper";
    system().apply(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}));
    let events =
        format!("get events --field-selector involvedObject.name={name} -o jsonpath={{.items[*].message}}");
    let state = format!(
        "get pod {name} -o jsonpath={{range.status.containerStatuses[*]}}{{.name}}={{.started}}/{{.ready}}_{{end}}"
    );
    let deadline = Instant::now() + LONG;
    loop {
        let (said, state) = (system().kubectl(&events), system().kubectl(&state));
        let is_known = said.contains("Startup probe") && said.contains("/helper/docker-credential-cache");
        // The gateway is ready: it has the credentials.
        if is_known && state == "gateway=true/true_registry=false/false_" {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{state}\n{said}\n{}",
            system().kubectl(&format!("describe pod {name}"))
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    system().kubectl(&format!("delete pod {name} --now"));
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn pods_pull_from_a_cache_what_their_own_secrets_allow_while_its_credentials_rotate() {
    let upstream = Registry::start_at("registry.test", PORT, Auth::Basic, "first");
    CLUSTER.provide_registries();
    CLUSTER.add_volume_of_claim("kyma-system", "cache-volume-registry-registry-test-5006-0", "");
    let team = CLUSTER.namespace("caches");
    let _folder = FOLDER_OF_CONTAINERD.lock();
    let hosts = CLUSTER.node.registries();
    CLUSTER.switch_agent(Some(&hosts));

    // Step 1 to 3 of the original: a Secret, its reference, and the cache.
    system().apply(&credentials("upstream-v1", "first"));
    system().apply(&json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": "RegistryCache",
        "metadata": {"name": "upstream"},
        "spec": {
            "upstream": UPSTREAM,
            "remoteURL": format!("http://{UPSTREAM}"),
            "secretReferenceName": "upstream-v1",
        },
    }));
    awaits("CredentialsValid", "True|The upstream accepts the credentials of Secret kyma-system/upstream-v1");
    awaits("Ready", "True|1/1 Pods are ready");
    let file = hosts.join(UPSTREAM).join("hosts.toml");
    let endpoint = system().kubectl("get registrycache upstream -o jsonpath={.status.endpoint}");
    // An agent that asks the cache before kube-proxy leads there takes it out for a while.
    let has_endpoint = || std::fs::read_to_string(&file).is_ok_and(|text| text.contains(&endpoint));
    wait_within(LONG, "the node knows the cache", has_endpoint);

    without_its_helper_a_registry_does_not_start();

    let image = provide(&upstream, "first", "1");
    runs(&team, "first", &image, "first");
    // The image is in the cache now, and is given to nobody else.
    start(&team, "wrong", &image, Some("wrong"));
    start(&team, "nobody", &image, None);
    for pod in ["wrong", "nobody"] {
        let said = team.refusal(pod);
        assert!(said.contains("failed to resolve"), "{said}");
        team.kubectl(&format!("delete pod {pod} --now"));
    }

    // Step 4: the upstream has another password, and a second Secret is referenced. Nothing restarts.
    let before = pod_of_cache();
    upstream.set_password("second");
    system().apply(&credentials("upstream-v2", "second"));
    system().kubectl(
        "patch registrycache upstream --type=merge -p {\"spec\":{\"secretReferenceName\":\"upstream-v2\"}}",
    );
    awaits("CredentialsValid", "True|The upstream accepts the credentials of Secret kyma-system/upstream-v2");
    let image = provide(&upstream, "second", "2");
    runs(&team, "second", &image, "second");
    assert_eq!(pod_of_cache(), before);

    // The upstream is away: what is in the cache is pulled by whom it knows.
    upstream.stop();
    runs(&team, "third", &image, "second");
    upstream.resume();

    system().kubectl("delete registrycache upstream");
    wait_within(LONG, "the node forgets the cache", || !file.exists());
    wait_within(LONG, "all is gone", || {
        system()
            .kubectl("get pods,services,statefulsets,persistentvolumeclaims -l upstream-host -o name")
            .is_empty()
    });
    system().kubectl("delete secret upstream-v1 upstream-v2");
    CLUSTER.switch_agent(None);
}
