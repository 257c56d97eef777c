//! What authors of registry Secrets see with kubectl, texts pinned.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::harness::cluster::NOTHING;
use crate::harness::installed::INSTALLED;

/// A registry Secret as its author writes it.
pub fn secret(name: &str, labels: &Value, data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name, "labels": labels},
        "stringData": data,
    })
}

#[test]
fn a_labelled_secret_gets_and_keeps_its_docker_configuration() {
    let namespace = INSTALLED.namespace("secrets");
    let label = json!({"serverless.kyma-project.io/remote-registry": "config"});
    let mut data = json!({
        "username": "user",
        "password": "pass",
        "serverAddress": "https://index.docker.io/v1/",
        "registryAddress": "index.docker.io/user",
    });
    let manifest = secret("serverless-registry-config", &label, &data);
    let printed = namespace.kubectl("apply -f -", &manifest);
    assert_eq!(
        (printed.out.as_str(), printed.err.as_str()),
        ("secret/serverless-registry-config created\n", "")
    );
    let written = || {
        let secret = namespace.get("secret serverless-registry-config");
        let text = BASE64.decode(secret["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert_eq!(written(), r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"}}}"#);
    assert_eq!(namespace.kubectl("diff -f -", &manifest).unwrap(), "");

    let rotate = r#"patch secret serverless-registry-config -p {"stringData":{"password":"new"}}"#;
    namespace.kubectl(rotate, NOTHING).unwrap();
    assert_eq!(written(), r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpuZXc="}}}"#);

    let release = "label secret serverless-registry-config serverless.kyma-project.io/remote-registry-";
    assert_eq!(namespace.kubectl(release, NOTHING).unwrap(), "secret/serverless-registry-config unlabeled\n");
    namespace.kubectl(rotate, NOTHING).unwrap();

    data.as_object_mut().unwrap().remove("password");
    let printed = namespace.kubectl("apply -f -", &secret("incomplete", &label, &data));
    let expected = "Warning: only Secrets named \"serverless-registry-config\" or \"serverless-registry-config-default\" are used: this one is named \"incomplete\"
The Secret \"incomplete\" is invalid: data.password: Required value
";
    assert_eq!(printed.err, expected);
}

#[test]
fn who_changes_a_copy_is_told_that_it_will_be_restored() {
    let namespace = INSTALLED.namespace("copies-changed");
    let label = json!({"serverless.kyma-project.io/remote-registry": "config"});
    let data =
        json!({"username": "u", "password": "p", "serverAddress": "s", "registryAddress": "example.com/a"});
    let mut copy = secret("serverless-registry-config", &label, &data);
    copy["metadata"]["annotations"] = json!({"serverless.kyma-project.io/copied-from": "kyma-system"});
    namespace.kubectl("create -f -", &copy).unwrap();
    let change = r#"patch secret serverless-registry-config -p {"stringData":{"password":"mine"}}"#;
    let warning = "Warning: this is a copy of kyma-system/serverless-registry-config: the controller restores it; label it serverless.kyma-project.io/managed-by=user to keep yours\n";
    assert_eq!(namespace.kubectl(change, NOTHING).err, warning);
    let keep = "label secret serverless-registry-config serverless.kyma-project.io/managed-by=user";
    assert_eq!(namespace.kubectl(keep, NOTHING).err, "");
    let change = r#"patch secret serverless-registry-config -p {"stringData":{"password":"again"}}"#;
    assert_eq!(namespace.kubectl(change, NOTHING).err, "");
}
