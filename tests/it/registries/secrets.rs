//! The controller makes and rotates the credentials of push and pull secrets, on a real API server. The registry is an object
//! whose status the test writes.

mod killed;
mod team;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use controller::config::Config;
use serde_json::{Value, json};
use testenv::ControlPlane;

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::controller::{Controlled, shared};
use crate::harness::wait::wait_until;
use team::{CA, Registry, Team, data, find, text};

const HOST: &str = "registry.infra.svc.cluster.local";

/// A control plane with the reconcilers of this test.
static CLUSTER: LazyLock<Controlled> = LazyLock::new(|| {
    Controlled::start_with(control_plane(), |client, metrics| async move {
        let (shared, config) = (shared(client, metrics), Config::default());
        let never = std::future::pending::<()>;
        let secrets = controller::image_secrets::run(&shared, &config, never());
        futures::future::join(secrets, controller::image_accounts::run(&shared, &config, never())).await;
    })
});

/// With the CRDs, and a registry in the namespace `infra`.
fn control_plane() -> ControlPlane {
    let control_plane = ControlPlane::start(&testenv::Options::default()).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    kubectl(&control_plane, "create namespace infra", NOTHING).unwrap();
    Registry { control_plane: &control_plane, namespace: "infra" }.create(&json!({}));
    control_plane
}

fn in_infra() -> Value {
    json!({"registryRef": {"name": "registry", "namespace": "infra"}})
}

#[test]
fn a_push_secret_becomes_an_account_and_a_secret_that_match() {
    let team = Team::new(&CLUSTER.control_plane, "team-push");
    team.put("ImagePushSecret", &in_infra());
    team.await_account("imagepushsecret web", "imagepushsecret-web", "push.team-push.web.1");
    assert_eq!(team.accounts(), ["infra/push.team-push.web.1"]);
    let account = find(team.control_plane, "infra", "imageregistryaccount push.team-push.web.1");
    let labels = json!({"namespace": ["team-push"], "name": ["web"], "accessMode": ["push"]});
    assert_eq!((&account["spec"]["labels"], &account["spec"]["ttl"]), (&labels, &json!("86400s")));

    let secret = team.find("secret imagepushsecret-web");
    assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
    let owner = &secret["metadata"]["ownerReferences"][0];
    let uid = &team.find("imagepushsecret web")["metadata"]["uid"];
    assert_eq!(
        (&owner["kind"], &owner["uid"], &owner["controller"]),
        (&json!("ImagePushSecret"), uid, &json!(true))
    );
    let data = data(&secret);
    let keys: Vec<_> = data.keys().map(String::as_str).collect();
    assert_eq!(keys, [".dockerconfigjson", "ca.crt", "config.json", "password", "registry", "username"]);
    assert_eq!((data["registry"].as_str(), data["ca.crt"].as_str()), (HOST, CA));
    assert_eq!((data["username"].as_str(), data["password"].len()), ("push.team-push.web.1", 43));
    // What the token server verifies, without a look at the cluster.
    let hash = text(&account["spec"]["password"]);
    assert!(bcrypt::verify(&data["password"], hash).unwrap() && hash.starts_with("$2b$10$"));
    let said = format!("{:?}{}", team.events("ImagePushSecret"), team.find("imagepushsecret web"));
    assert!(!said.contains(&data["password"]) && !said.contains(hash), "{said}");
    let expected = "Normal Rotated: Secret imagepushsecret-web has the credentials of account push.team-push.web.1: it had no valid ones";
    assert_eq!(team.events("ImagePushSecret"), [expected]);
}

#[test]
fn an_annotation_rotates_once_and_the_old_account_stays() {
    let team = Team::new(&CLUSTER.control_plane, "team-now");
    team.put("ImagePullSecret", &in_infra());
    team.await_account("imagepullsecret web", "imagepullsecret-web", "pull.team-now.web.1");
    let first = team.data("imagepullsecret-web");
    team.annotate("imagepullsecret web", "now");
    team.await_account("imagepullsecret web", "imagepullsecret-web", "pull.team-now.web.2");
    let second = team.data("imagepullsecret-web");
    assert_ne!(first["password"], second["password"]);
    let both = ["infra/pull.team-now.web.1", "infra/pull.team-now.web.2"];
    assert_eq!(team.accounts(), both);
    // The same value is no request, and neither is another change.
    team.namespace.kubectl("label imagepullsecret web a=b", NOTHING).unwrap();
    team.annotate("imagepullsecret web", "again");
    team.await_account("imagepullsecret web", "imagepullsecret-web", "pull.team-now.web.3");
    assert_eq!(team.accounts().len(), 3);
}

#[test]
fn another_name_leaves_no_secret_behind() {
    let team = Team::new(&CLUSTER.control_plane, "team-rename");
    let mut spec = in_infra();
    spec["forFunctions"] = true.into();
    team.put("ImagePushSecret", &spec);
    let (what, before) = ("imagepushsecret web", "serverless-registry-config");
    team.await_account(what, before, "push.team-rename.web.1");
    // With the label, but without the owner.
    let label = json!({"registry.mgoltzsche.github.com/imagepushsecret": "push.team-rename.web"});
    let mine = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine", "labels": label}});
    team.namespace.kubectl("apply -f -", &mine).unwrap();
    team.put("ImagePushSecret", &in_infra());
    team.await_account(what, "imagepushsecret-web", "push.team-rename.web.2");
    wait_until("the Secret of the earlier name is gone", || team.find(&format!("secret {before}")).is_null());
    assert!(!team.find("secret mine").is_null());
    // Whoever has read it may still log in.
    assert_eq!(team.accounts(), ["infra/push.team-rename.web.1", "infra/push.team-rename.web.2"]);
}

#[test]
fn who_deletes_or_edits_credentials_gets_new_ones() {
    let team = Team::new(&CLUSTER.control_plane, "team-edit");
    team.put("ImagePullSecret", &in_infra());
    let what = "imagepullsecret web";
    team.await_account(what, "imagepullsecret-web", "pull.team-edit.web.1");
    team.namespace.kubectl("delete secret imagepullsecret-web", NOTHING).unwrap();
    team.await_account(what, "imagepullsecret-web", "pull.team-edit.web.2");
    let edit = json!({"data": {"password": "eA=="}});
    let words = format!("patch secret imagepullsecret-web --type=merge -p {edit}");
    team.namespace.kubectl(&words, NOTHING).unwrap();
    team.await_account(what, "imagepullsecret-web", "pull.team-edit.web.3");
    assert_eq!(team.data("imagepullsecret-web")["password"].len(), 43);
    // So does who deletes the account, as after a leak.
    let delete = "delete imageregistryaccount pull.team-edit.web.3 -n infra";
    kubectl(team.control_plane, delete, NOTHING).unwrap();
    team.await_account(what, "imagepullsecret-web", "pull.team-edit.web.4");
}

#[test]
fn another_hostname_or_authority_reaches_the_secret_without_a_rotation() {
    let control_plane = &CLUSTER.control_plane;
    let team = Team::new(control_plane, "team-host");
    let registry = Registry { control_plane, namespace: "team-host" };
    registry.create(&json!({}));
    team.put("ImagePushSecret", &json!({"registryRef": {"name": "registry"}}));
    team.await_account("imagepushsecret web", "imagepushsecret-web", "push.team-host.web.1");
    let before = team.data("imagepushsecret-web");
    registry.set_hostname("images.example.com");
    wait_until("the hostname", || team.data("imagepushsecret-web")["registry"] == "images.example.com");
    registry.set_authority("new");
    wait_until("the authority", || team.data("imagepushsecret-web")["ca.crt"] == "new");
    let after = team.data("imagepushsecret-web");
    assert_eq!((&before["username"], &before["password"]), (&after["username"], &after["password"]));
    assert!(after[".dockerconfigjson"].starts_with(r#"{"auths":{"images.example.com":"#));
    assert_eq!(team.accounts(), ["team-host/push.team-host.web.1"]);
}

#[test]
fn a_deleted_secret_takes_its_own_accounts_with_it_and_no_others() {
    let control_plane = &CLUSTER.control_plane;
    let [team, other] = ["team-gone", "team-stays"].map(|name| Team::new(control_plane, name));
    for team in [&team, &other] {
        team.put("ImagePushSecret", &in_infra());
        let account = format!("push.{}.web.1", team.name);
        team.await_account("imagepushsecret web", "imagepushsecret-web", &account);
    }
    // By hand, with the label of a push secret, but not of its making.
    let by_hand = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageRegistryAccount",
        "metadata": {
            "name": "ci.team-gone.x",
            "labels": {"registry.mgoltzsche.github.com/imagepushsecret": "push.team-gone.web"},
        },
        "spec": {"password": "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
    });
    kubectl(control_plane, "apply -n infra -f -", &by_hand).unwrap();
    team.namespace.kubectl("delete imagepushsecret web", NOTHING).unwrap();
    assert_eq!(team.accounts(), ["infra/ci.team-gone.x"]);
    assert_eq!(other.accounts(), ["infra/push.team-stays.web.1"]);
}

#[test]
fn a_secret_of_somebody_else_is_never_overwritten() {
    let team = Team::new(&CLUSTER.control_plane, "team-conflict");
    team.namespace.add_secret("mine", &json!({"password": "hush"}));
    let before = team.find("secret mine");
    let mut spec = in_infra();
    spec["secretName"] = "mine".into();
    team.put("ImagePushSecret", &spec);
    let message = "Secret mine belongs to somebody else and stays as it is: delete it, or choose another name as secretName";
    team.await_ready("imagepushsecret web", &format!("False NameConflict: {message}"));
    assert_eq!((team.find("secret mine"), team.accounts().len()), (before, 0));
    assert_eq!(team.events("ImagePushSecret"), [format!("Warning RotationFailed: {message}")]);
    // With another name it goes on.
    spec["secretName"] = "ours".into();
    team.put("ImagePushSecret", &spec);
    team.await_account("imagepushsecret web", "ours", "push.team-conflict.web.1");
}

#[test]
fn a_registry_decides_which_namespaces_get_credentials() {
    let control_plane = &CLUSTER.control_plane;
    kubectl(control_plane, "create namespace guarded", NOTHING).unwrap();
    let registry = Registry { control_plane, namespace: "guarded" };
    registry.create(&json!({"allowedNamespaces": {"push": {"matchLabels": {"images": "yes"}}}}));
    let team = Team::new(control_plane, "team-label");
    let reference = json!({"registryRef": {"name": "registry", "namespace": "guarded"}});
    team.put("ImagePushSecret", &reference);
    let refused = "False NotAllowed: ImageRegistry guarded/registry does not allow push secrets in namespace team-label: spec.auth.allowedNamespaces.push of the registry must select the namespace";
    team.await_ready("imagepushsecret web", refused);
    assert_eq!((team.find("secret imagepushsecret-web"), team.accounts().len()), (Value::Null, 0));
    kubectl(control_plane, "label namespace team-label images=yes", NOTHING).unwrap();
    team.await_account("imagepushsecret web", "imagepushsecret-web", "push.team-label.web.1");
    // Without the label, its account ends at once.
    kubectl(control_plane, "label namespace team-label images-", NOTHING).unwrap();
    team.await_ready("imagepushsecret web", refused);
    wait_until("the account is gone", || team.accounts().is_empty());
}

#[test]
fn functions_get_their_registry_and_another_namespace_gets_the_account() {
    let control_plane = &CLUSTER.control_plane;
    for namespace in ["isolated", "isolated-2"] {
        kubectl(control_plane, &format!("create namespace {namespace}"), NOTHING).unwrap();
        Registry { control_plane, namespace }.create(&json!({"policy": "PerNamespace"}));
    }
    let team = Team::new(control_plane, "team-functions");
    let spec = |namespace: &str| json!({"forFunctions": true, "registryRef": {"name": "registry", "namespace": namespace}});
    team.put("ImagePushSecret", &spec("isolated"));
    let (what, secret) = ("imagepushsecret web", "serverless-registry-config");
    team.await_account(what, secret, "push.team-functions.web.1");
    let host = "registry.isolated.svc.cluster.local";
    let data = team.data(secret);
    assert_eq!(
        (data["serverAddress"].as_str(), data["registryAddress"].as_str()),
        (host, format!("{host}/team-functions").as_str())
    );
    let labels = &team.find(&format!("secret {secret}"))["metadata"]["labels"];
    assert_eq!(labels["serverless.kyma-project.io/remote-registry"], "config");
    // A rotation changes credentials only.
    team.annotate(what, "now");
    team.await_account(what, secret, "push.team-functions.web.2");
    let rotated = team.data(secret);
    let addresses =
        |data: &BTreeMap<String, String>| [data["serverAddress"].clone(), data["registryAddress"].clone()];
    assert_eq!(addresses(&rotated), addresses(&data));

    team.put("ImagePushSecret", &spec("isolated-2"));
    team.await_account(what, secret, "push.team-functions.web.3");
    assert_eq!(team.data(secret)["serverAddress"], "registry.isolated-2.svc.cluster.local");
    wait_until("the old accounts are gone", || team.accounts() == ["isolated-2/push.team-functions.web.3"]);
}

#[test]
fn an_account_that_has_expired_is_deleted() {
    let team = Team::new(&CLUSTER.control_plane, "team-expiry");
    let object = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageRegistryAccount",
        "metadata": {"name": "ci"},
        "spec": {"password": "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "ttl": "2s"},
    });
    team.namespace.kubectl("apply -f -", &object).unwrap();
    team.namespace.wait("the expiry is reported", || {
        team.find("imageregistryaccount ci")["status"]["expiresAt"].is_string()
    });
    team.namespace.wait("the account is gone", || team.find("imageregistryaccount ci").is_null());
}
