//! What the adversary requests from the product itself: malicious Functions, repositories, Secrets and runtimes.

use fastrand::Rng;
use serde_json::{Value, json};

use super::servers::{Harm, Servers};

/// A runtime that no other Function of these attacks uses: a second `ConfigMap` for the same runtime stops all its
/// Functions.
const OTHER_RUNTIME: &str = "python38";
/// Kubernetes accepts at most 256 KiB of annotations.
const ANNOTATIONS: usize = 250_000;

/// A Function. `build` says what its builds do: `hangs`, `fails`, or anything else to succeed.
pub fn function(name: &str, build: &str, spec: &Value) -> Value {
    let mut function = crate::harness::cluster::function(name, spec);
    function["metadata"]["labels"] = json!({"testenv/build": build});
    function
}

pub fn inline(text: &str) -> Value {
    json!({"source": text, "minReplicas": 1, "maxReplicas": 1})
}

pub fn git(repository: &str, reference: &str) -> Value {
    let mut spec = inline(repository);
    let git = json!({"type": "git", "baseDir": "fn", "reference": reference});
    spec.as_object_mut().unwrap().extend(git.as_object().unwrap().clone());
    spec
}

/// Values for the poll interval.
pub const INTERVALS: [&str; 8] =
    ["9223372036854775807s", "-9223372036854775808s", "-1s", "0s", "1ns", "1h1h", "", "P9999Y"];

/// A Function with a poll interval.
pub fn polling(name: &str, interval: &str) -> Value {
    let mut function = function(name, "", &git("reachable", "main"));
    function["metadata"]["annotations"] = json!({"serverless.kyma-project.io/gitPollInterval": interval});
    function
}

/// A Function with labels that, on its objects, would mark them as a runtime, a copy or an object of another Function.
pub fn labelled(name: &str, victim: Option<&Value>, random: &mut Rng) -> Value {
    let mut function = function(name, "", &inline("labelled"));
    let runtime = ["nodejs12", "nodejs10", OTHER_RUNTIME][random.usize(0..3)];
    let mut labels = json!({
        "serverless.kyma-project.io/config": "runtime",
        "serverless.kyma-project.io/runtime": runtime,
    });
    if let (Some(victim), true) = (victim, random.bool()) {
        labels = super::forged::labels(victim);
    }
    function["metadata"]["labels"] = labels;
    function
}

/// A text that hardly compresses.
fn noise(length: usize, random: &mut Rng) -> String {
    std::iter::repeat_with(|| random.alphanumeric()).take(length).collect()
}

pub fn huge_source(name: &str, random: &mut Rng) -> Value {
    function(name, "", &inline(&noise(1 << 20, random)))
}

pub fn huge_annotations(name: &str, random: &mut Rng) -> Value {
    let mut function = function(name, "", &inline("annotated"));
    let keys = ["serverless.kyma-project.io/rebuild", "example.com/noise"];
    function["metadata"]["annotations"] = json!({(keys[random.usize(0..2)]): noise(ANNOTATIONS, random)});
    function
}

pub fn unschedulable(name: &str) -> Value {
    let huge = json!({"requests": {"cpu": "1000000", "memory": "1Ei"}, "limits": {"cpu": "1000000", "memory": "1Ei"}});
    let mut spec = inline("unschedulable");
    spec["buildResources"] = huge;
    function(name, "", &spec)
}

/// A `ConfigMap` of about 1 MB that claims to be a runtime.
pub fn runtime(number: usize, random: &mut Rng) -> Value {
    let runtime = if random.bool() { OTHER_RUNTIME.to_owned() } else { format!("evil-{number}") };
    let labels = json!({
        "serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": runtime,
    });
    let data = json!({"Dockerfile": format!("FROM scratch\n# {}", noise(1_000_000, random))});
    let metadata = json!({"name": format!("evil-{number}"), "labels": labels});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
}

/// A registry Secret with the adversary's own password, whose address leads elsewhere.
pub fn registry(number: usize, servers: &Servers, random: &mut Rng) -> Value {
    let harms = [Harm::Tarpit, Harm::Unauthorized, Harm::Redirect, Harm::Garbage, Harm::Endless];
    let host = servers.address(harms[random.usize(0..harms.len())]).to_string();
    let port = host.rsplit(':').next().unwrap();
    let addresses = [
        host.clone(),
        format!("{host}/functions"),
        format!("localhost:{port}\\_shutdown\\now?x.local"),
        format!("{host}\\_shutdown?.local"),
        format!("fooled:mine-0@{host}"),
        format!("fooled:mine-0@{host}\\q?.local"),
        format!("{host}?x=/v2/"),
        format!("{host}#/v2/"),
        format!("{host}/../../_shutdown"),
        // Refused before any connection: clouds have their metadata at this address.
        "169.254.169.254".to_owned(),
        "169.254.169.254/latest/meta-data".to_owned(),
        "[::ffff:169.254.169.254]:80".to_owned(),
    ];
    let address = &addresses[random.usize(0..addresses.len())];
    let mut labels = json!({"serverless.kyma-project.io/remote-registry": "config"});
    if random.u8(0..3) == 0 {
        labels["serverless.kyma-project.io/config"] = "credentials".into();
    }
    let names = ["serverless-registry-config".to_owned(), format!("registry-{}", number % 6)];
    let name = &names[usize::from(random.u8(0..4) > 0)];
    secret(
        name,
        &labels,
        &json!({
            "username": "mine", "password": format!("mine-{number}"),
            "serverAddress": address, "registryAddress": address,
        }),
    )
}

/// A registry for one namespace, at which nobody listens.
pub fn own_registry() -> Value {
    let labels = json!({
        "serverless.kyma-project.io/remote-registry": "config",
        "serverless.kyma-project.io/managed-by": "user",
    });
    let address = "127.0.0.1:9";
    secret(
        "serverless-registry-config",
        &labels,
        &json!({
            "username": "mine", "password": "mine-0",
            "serverAddress": address, "registryAddress": format!("{address}/functions"),
        }),
    )
}

pub fn secret(name: &str, labels: &Value, texts: &Value) -> Value {
    let metadata = json!({"name": name, "labels": labels});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": texts})
}

/// A repository, with the credentials of a Secret.
pub fn repository(name: &str, url: &str, auth: Option<(&str, &str)>) -> Value {
    let mut spec = json!({"url": url});
    if let Some((kind, secret)) = auth {
        spec["auth"] = json!({"type": kind, "secretName": secret});
    }
    crate::harness::cluster::repository(name, &spec)
}

/// The address of a server, as in a repository.
pub fn url(servers: &Servers, harm: Harm, path: &str) -> String {
    let address = servers.address(harm);
    match harm {
        Harm::Ssh => format!("ssh://git@{address}/{path}.git"),
        _ => format!("http://{address}/{path}.git"),
    }
}

/// A name of 127.0.0.1 with many zeros, and a pattern on which a matcher that backtracks at each star never ends.
pub fn slow_pattern(key: &str) -> (String, String) {
    let host = format!("{}177.0.0.1", "0".repeat(60));
    let key = key.split_once(' ').map_or(key, |(_, key)| key);
    (host, format!("{}*0x {key}", "*0".repeat(13)))
}
