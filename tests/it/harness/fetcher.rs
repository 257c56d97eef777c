//! The container that fetches sources, taken from a plan and run by a real shell with real git and ssh.

use std::path::Path;
use std::process::{Command, Output};

use controller::config::Config;
use controller::plan::{self, Manifests};
use serde_json::{Value, json};

use crate::harness::git_servers::ACCOUNT;

/// What a Pod gets from its Secret and its volumes.
#[derive(Default)]
pub struct Pod {
    pub secret: Vec<(&'static str, String)>,
    pub base_dir: &'static str,
}

/// Runs the container of a Function, which leaves the sources in the folder.
pub fn fetch(url: &str, auth: Option<&str>, commit: &str, pod: &Pod, folder: &Path) -> Output {
    let mut repository = json!({"url": url});
    if let Some(auth) = auth {
        repository["auth"] = json!({"type": auth, "secretName": "s"});
    }
    let object = |kind: &str, name: &str, spec: Value| {
        let api_version = "serverless.kyma-project.io/v1alpha1";
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}).to_string()
    };
    let spec = json!({"type": "git", "source": "r", "baseDir": pod.base_dir, "reference": commit});
    let mut manifests = Manifests::new("n");
    manifests.read(&object("GitRepository", "r", repository)).unwrap();
    manifests.read(&object("Function", "f", spec)).unwrap();
    let planned = plan::plan(&Config::default(), &manifests).remove(0).text;
    let job = planned.split("---\n").nth(1).unwrap();
    let job: Value = serde_saphyr::from_str(job).unwrap();
    let container = &job["spec"]["template"]["spec"]["initContainers"][0];

    run(container, &pod.secret, folder)
}

/// Runs a fetch container with values from its Secret. It leaves the sources in `repository` of the folder.
pub fn run(container: &Value, secret: &[(&str, String)], folder: &Path) -> Output {
    let words: Vec<_> =
        container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    for variable in container["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        let key = variable["valueFrom"]["secretKeyRef"]["key"].as_str();
        let of_secret = key.and_then(|key| secret.iter().find(|(known, _)| *known == key));
        match (variable["value"].as_str(), of_secret) {
            (Some(value), _) => command.env(name, value),
            (None, Some((_, value))) => command.env(name, value),
            (None, None) => &mut command,
        };
    }
    // The folders of the Pod's volumes.
    let keys = folder.join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    for (key, value) in secret {
        std::fs::write(keys.join(key), value).unwrap();
    }
    command.env("APP_MOUNT_PATH", folder.join("repository")).env("APP_KEY_PATH", keys);
    command.output().unwrap()
}

#[track_caller]
pub fn complains(output: &Output, expected: &str) {
    assert!(!output.status.success());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains(expected), "{complaint}");
}

pub fn basic(password: &str) -> Pod {
    let secret = vec![("username", ACCOUNT.0.to_owned()), ("password", password.to_owned())];
    Pod { secret, base_dir: "fn" }
}
