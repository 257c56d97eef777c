//! The examples of image-registry-operator, word for word: what is pushed with the push secret, a Pod pulls with the pull secret.

use serde_json::{Value, json};

use super::team::{Held, Team};
use crate::harness::agent::FOLDER_OF_CONTAINERD;
use crate::harness::certs_d::pod;
use crate::harness::real_cluster::{CLUSTER, Namespace, secret};
use crate::harness::registry::trusting_crane;
use crate::harness::wait::wait_until;

const ROTATE: &str = "registry.mgoltzsche.github.com/rotate";

/// A Pod that pulls with a Secret.
fn pod_with(secret: &str, image: &str) -> Value {
    let mut pod = pod(secret, image);
    pod["spec"]["imagePullSecrets"] = json!([{"name": secret}]);
    pod
}

/// A Secret for pulls that somebody writes.
fn pull_secret(name: &str, host: &str, username: &str, password: &str) -> Value {
    let config = json!({"auths": {host: {"username": username, "password": password}}}).to_string();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": config},
    })
}

/// Whether credentials of a Secret may read an image.
fn may_pull(held: &Held, image: &str) -> bool {
    trusting_crane(&held[".dockerconfigjson"], &held["ca.crt"], &["digest", image]).ok
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn the_examples_of_the_original_push_and_pull_on_a_node() {
    let team = Team::start("registry-examples");
    let secrets = ["imagepushsecret", "imagepullsecret"];
    for kind in secrets {
        let account = format!("{}.registry-examples.example.1", &kind[5..9]);
        let message = format!("Secret {kind}-example has the credentials of account {account}");
        team.await_ready(&format!("{kind} example"), &message);
    }
    let [push, pull] = secrets.map(|kind| team.held(&format!("{kind}-example")));
    assert_eq!((&push["registry"], &pull["registry"]), (&team.host, &team.host));
    let authority = &push["ca.crt"];
    team.push(&push[".dockerconfigjson"], authority, "team/app:1");
    let image = team.image("team/app:1");
    assert!(may_pull(&pull, &image));
    let denied = trusting_crane(&pull[".dockerconfigjson"], authority, &["tag", &image, "2"]);
    assert!(denied.err.contains("UNAUTHORIZED: authentication required"), "{denied:?}");
    team.await_ready("imagebuildenv example", "The Secret is up to date");
    let builds = team.held("imagebuildenv-example-conf");
    team.push(&builds["config.json"], authority, "team/built:1");

    // Nodes get to know the authority by the Secret that operators write, the controller and the agent.
    let _folder = FOLDER_OF_CONTAINERD.lock();
    let system = Namespace { cluster: &CLUSTER, name: "kyma-system" };
    let hosts = CLUSTER.node.registries();
    CLUSTER.switch_agent(Some(&hosts));
    let labels = json!({"serverless.kyma-project.io/container-registries": "config"});
    let values = json!({"containerRegistries": team.for_nodes(authority)}).to_string();
    system.apply(&secret(&json!({"name": "image-registries", "labels": labels}), &json!({"values": values})));
    wait_until("the node trusts the registry", || hosts.join(&team.host).join("hosts.toml").exists());

    let name = "imagepullsecret-example";
    team.namespace.apply(&pod_with(name, &image));
    team.namespace.await_pod(name);
    team.namespace.apply(&pull_secret("wrong", &team.host, &pull["username"], "wrong"));
    team.namespace.apply(&pod_with("wrong", &image));
    let said = team.namespace.refusal("wrong");
    assert!(said.contains("401 Unauthorized"), "{said}");

    // After a rotation the old and the new credentials are valid.
    team.namespace.kubectl(&format!("annotate imagepullsecret example {ROTATE}=1"));
    wait_until("the password is rotated", || team.held(name)["username"] != pull["username"]);
    let new = team.held(name);
    assert_eq!(new["username"], "pull.registry-examples.example.2");
    for (secret, held) in [("old", &pull), ("new", &new)] {
        assert!(may_pull(held, &image), "{secret}");
        team.namespace.apply(&pull_secret(secret, &team.host, &held["username"], &held["password"]));
        team.namespace.apply(&pod_with(secret, &image));
        team.namespace.await_pod(secret);
    }
    // Until the old account ends.
    team.namespace.kubectl(&format!("delete imageregistryaccount {}", pull["username"]));
    wait_until("the old credentials are refused", || !may_pull(&pull, &image));
    assert!(may_pull(&new, &image));

    CLUSTER.switch_agent(None);
    system.kubectl("delete secret image-registries");
}
