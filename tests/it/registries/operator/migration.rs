//! The way from image-registry-operator, with the commands of the documents: a registry that it ran is taken over with its
//! images, nothing of its Pods is left, and nothing has to be done by hand.

use std::process::Command;

use controller::config::Config;
use controller::{image_accounts, image_build_envs, image_registries, image_secrets};
use k8s_openapi::ByteString;
use process::certificates::authority;
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};
use tokio::join;

use super::original::{self, ACCOUNT};
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::controller::{Controlled, shared};
use crate::harness::objects::{condition, persistent_volume};
use crate::harness::wait::{PATIENCE, wait_within};

/// A cluster that has been the operator's.
struct Cluster(Controlled);

/// Runs the commands of a block of the section about the operator.
fn documented(control_plane: &ControlPlane, block: usize) -> String {
    let document = std::fs::read_to_string(testenv::root().join("docs/registries.md")).unwrap();
    let (_, section) = document.split_once("### From image-registry-operator\n").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let commands = section.split("```\n").skip(1).step_by(2).nth(block).unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &commands.replace("NAMESPACE", "operator")]);
    let webhook = std::path::Path::new(env!("CARGO_BIN_EXE_serverless-webhook")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    shell.env("PATH", format!("{}:{}:{path}", testenv::assets().unwrap().display(), webhook.display()));
    shell.env("KUBECONFIG", control_plane.kubeconfig()).current_dir(testenv::root());
    piped(shell, "").unwrap()
}

/// A cluster that the operator has left, with the CRDs of this project.
fn left_by_the_operator() -> ControlPlane {
    let control_plane = ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap();
    for namespace in ["kyma-system", "infra", "operator"] {
        kubectl(&control_plane, &format!("create namespace {namespace}"), NOTHING).unwrap();
    }
    for crd in original::crds() {
        kubectl(&control_plane, "apply -f -", &crd).unwrap();
    }
    kubectl(&control_plane, "wait crd --all --for=condition=Established --timeout=60s", NOTHING).unwrap();
    let create = |words: &str, object: &Value| {
        let words = format!("create --field-manager=image-registry-operator -o json -f - {words}");
        serde_json::from_str::<Value>(&kubectl(&control_plane, &words, object).unwrap()).unwrap()
    };
    create("-n operator", &original::operator());
    let mut volume = persistent_volume("images");
    volume["spec"]["accessModes"] = json!(["ReadWriteMany"]);
    create("", &volume);
    let owners = original::RESOURCES.map(|(kind, name, spec)| {
        create("-n infra", &original::resource(kind, name, &spec()))["metadata"]["uid"].clone()
    });
    let certificate = authority("of the operator", std::time::SystemTime::now(), days_later(1000)).unwrap();
    for object in original::objects(&owners, &certificate) {
        create("-n infra", &object);
    }
    let status = json!({"status": {"rotation": 3, "registry": {"namespace": "infra"}}}).to_string();
    let patch =
        format!("patch imagepushsecret example -n infra --subresource=status --type=merge -p {status}");
    kubectl(&control_plane, &patch, NOTHING).unwrap();
    control_plane
}

fn days_later(days: u32) -> std::time::SystemTime {
    std::time::SystemTime::now() + std::time::Duration::from_hours(24) * days
}

impl Cluster {
    fn get(&self, what: &str) -> Value {
        let words = format!("get -n infra -o json {what}");
        serde_json::from_str(&kubectl(&self.0.control_plane, &words, NOTHING).unwrap()).unwrap()
    }

    fn uid(&self, what: &str) -> Value {
        self.get(what)["metadata"]["uid"].clone()
    }

    fn text(&self, secret: &str, key: &str) -> String {
        let value = self.get(&format!("secret {secret}"))["data"][key].clone();
        String::from_utf8(serde_json::from_value::<ByteString>(value).unwrap_or_default().0).unwrap()
    }

    #[track_caller]
    fn awaits(&self, what: &str, expected: &str) {
        let mut found = String::new();
        let explained = || kubectl(&self.0.control_plane, "get pods,events -n infra", NOTHING).out;
        let deadline = std::time::Instant::now() + 6 * PATIENCE;
        while found != expected {
            assert!(
                std::time::Instant::now() < deadline,
                "{what}: {found:?}, not {expected:?}\n{}",
                explained()
            );
            std::thread::sleep(std::time::Duration::from_millis(50));
            found = condition(&self.get(what), "Ready");
        }
    }
}

#[test]
fn what_the_operator_ran_is_taken_over_as_the_documents_say() {
    let control_plane = left_by_the_operator();
    let judged = documented(&control_plane, 0);
    assert!(judged.contains("deployment.apps/image-registry-operator scaled"), "{judged}");
    documented(&control_plane, 1);
    let crd =
        kubectl(&control_plane, "get crd imageregistries.registry.mgoltzsche.github.com -o yaml", NOTHING);
    assert!(!crd.unwrap().contains("x-kubernetes-preserve-unknown-fields"), "the CRD is ours");

    let controlled = Controlled::start_with(control_plane, |client, metrics| async move {
        let (shared, config) = (shared(client, metrics), Config::default());
        let never = std::future::pending;
        join!(
            image_registries::run(&shared, &config, never()),
            image_secrets::run(&shared, &config, never()),
            image_accounts::run(&shared, &config, never()),
            image_build_envs::run(&shared, &config, never()),
        );
    });
    let cluster = Cluster(controlled);
    cluster.awaits("imageregistry registry", "True Synced 1/1 Pods are ready");
    let credentials = "Secret imagepushsecret-example has the credentials of account push.infra.example.4";
    cluster.awaits("imagepushsecret example", &format!("True Synced {credentials}"));
    cluster.awaits("imagebuildenv example", "True Synced The Secret is up to date");
    let shown = documented(&cluster.0.control_plane, 2);
    assert_eq!(shown.matches("Synced").count(), 3, "{shown}");

    pods_are_ours(&cluster);
    let kept = ["pvc imageregistry-registry-pvc", "service registry", "secret imagepushsecret-example"];
    for what in kept {
        let made_by =
            cluster.get(&format!("{what} --show-managed-fields"))["metadata"]["managedFields"].clone();
        assert!(made_by.to_string().contains("image-registry-operator"), "{what} is the one that was there");
    }
    let claim = cluster.get("pvc imageregistry-registry-pvc");
    assert_eq!(
        (&claim["spec"]["accessModes"], &claim["status"]["phase"]),
        (&json!(["ReadWriteMany"]), &json!("Bound"))
    );
    // The container of the operator's registry could read the key.
    let tokens = "imageregistry-registry-selfsigned-auth-ca";
    assert_ne!(cluster.text(tokens, "tls.crt"), cluster.text("before", "tls.crt"));
    assert_eq!(cluster.text(tokens, "ca.crt"), cluster.text(tokens, "tls.crt"));
    // Whoever has the old password may go on with it.
    assert_eq!(cluster.get(&format!("imageregistryaccount {ACCOUNT}"))["metadata"]["name"], ACCOUNT);
    secrets_outlive_their_build_environment(&cluster);
}

fn pods_are_ours(cluster: &Cluster) {
    let set = cluster.get("statefulset registry");
    let pod = &set["spec"]["template"]["spec"];
    let names = |list: &Value| -> Vec<String> {
        let items = list.as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&pod["containers"]), ["registry", "gateway"]);
    assert_eq!(names(&pod["volumes"]), ["config", "tls", "token-authority", "keys", "account", "images"]);
    assert!(!names(&pod["containers"][0]["env"]).contains(&"REGISTRY_AUTH".to_owned()), "{pod}");
    let owner = cluster.get("pod registry-0")["metadata"]["ownerReferences"][0]["uid"].clone();
    assert_eq!(owner, set["metadata"]["uid"]);
}

/// The operator made it an owner of what it merged.
fn secrets_outlive_their_build_environment(cluster: &Cluster) {
    let delete = "delete imagebuildenv example -n infra --timeout=60s";
    kubectl(&cluster.0.control_plane, delete, NOTHING).unwrap();
    let is_there =
        |name: &str| kubectl(&cluster.0.control_plane, &format!("get secret {name} -n infra"), NOTHING).ok;
    wait_within(3 * PATIENCE, "what it made is gone", || !is_there("imagebuildenv-example-conf"));
    assert_eq!(cluster.get("secret mine")["metadata"]["ownerReferences"], Value::Null);
    assert!(cluster.uid("secret mine").is_string());
}
