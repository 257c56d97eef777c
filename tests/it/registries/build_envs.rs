//! The controller reconciles build environments, on a real API server.

use std::collections::BTreeMap;
use std::ops::Deref;

use controller::config::Config;
use k8s_openapi::ByteString;
use serde_json::{Value, json};

use crate::harness::cluster::NOTHING;
use crate::harness::controller::{Controlled, control_plane, shared};
use crate::harness::namespace::Namespace;

const CONF: &str = "secret imagebuildenv-example-conf";
const REDIS: &str = "imagebuildenv-example-redis";

fn build_env(spec: &Value) -> Value {
    json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageBuildEnv",
        "metadata": {"name": "example"},
        "spec": spec,
    })
}

fn docker_secret(name: &str, server: &str, auth: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json!({"auths": {(server): {"auth": auth}}}).to_string()},
    })
}

fn start() -> Controlled {
    Controlled::start_with(control_plane(), |client, metrics| async move {
        let never = std::future::pending();
        controller::image_build_envs::run(&shared(client, metrics), &Config::default(), never).await;
    })
}

/// A namespace with build environments.
struct Builds<'a>(Namespace<'a>);

impl<'a> Deref for Builds<'a> {
    type Target = Namespace<'a>;

    fn deref(&self) -> &Namespace<'a> {
        &self.0
    }
}

impl Builds<'_> {
    /// An object as it is stored, or null.
    fn find(&self, what: &str) -> Value {
        let found = self.kubectl(&format!("get {what} -o json --ignore-not-found"), NOTHING).unwrap();
        serde_json::from_str(&found).unwrap_or_default()
    }

    fn put(&self, object: &Value) {
        self.kubectl("apply -f -", object).unwrap();
    }

    /// Status, reason and message of `Ready`.
    fn ready(&self) -> String {
        let status = self.find("imagebuildenv example")["status"].clone();
        let ready = &status["conditions"][0];
        let text = |key: &str| ready[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", text("status"), text("reason"), text("message"))
    }

    fn is_ready(&self, expected: &str) {
        self.wait(expected, || self.ready() == expected);
    }

    /// A value of the Secret that builds mount.
    fn conf(&self, key: &str) -> Option<String> {
        let data = self.find(CONF)["data"].clone();
        let data: BTreeMap<String, ByteString> = serde_json::from_value(data).unwrap_or_default();
        data.get(key).map(|value| String::from_utf8(value.0.clone()).unwrap())
    }
}

#[test]
fn secrets_are_merged_and_followed() {
    let cluster = start();
    let namespace = Builds(Namespace::bare(&cluster.control_plane, "builds"));
    namespace.put(&build_env(&json!({"secrets": [{"secretName": "one"}, {"secretName": "two"}]})));
    namespace.put(&docker_secret("one", "a.example.com", "dTpw"));
    namespace.is_ready(
        "False MissingSecret: Secret two does not exist: create it, or remove it from spec.secrets",
    );
    assert_eq!(namespace.find(CONF), Value::Null);

    namespace.put(&docker_secret("two", "b.example.com", "djpx"));
    namespace.is_ready("True Synced: The Secret is up to date");
    let expected = r#"{"auths":{"a.example.com":{"auth":"dTpw"},"b.example.com":{"auth":"djpx"}}}"#;
    assert_eq!(namespace.conf(".dockerconfigjson").as_deref(), Some(expected));
    let status = &namespace.find("imagebuildenv example")["status"];
    assert_eq!(status["secretRefs"], json!([{"secretName": "one"}, {"secretName": "two"}]));
    // Nothing is written into Secrets of others.
    assert_eq!(namespace.find("secret one")["metadata"]["ownerReferences"], Value::Null);

    // A rotation is followed.
    namespace.put(&docker_secret("two", "b.example.com", "dzpy"));
    let expected = r#"{"auths":{"a.example.com":{"auth":"dTpw"},"b.example.com":{"auth":"dzpy"}}}"#;
    namespace
        .wait("the new credentials", || namespace.conf(".dockerconfigjson").as_deref() == Some(expected));

    // What somebody changes is restored.
    let before = namespace.find(CONF)["data"].clone();
    namespace
        .kubectl(
            &format!("patch {CONF} -p {{\"data\":{{\"makisu.yaml\":\"eA==\",\"x\":\"eA==\"}}}}"),
            NOTHING,
        )
        .unwrap();
    namespace.wait("it is restored", || namespace.find(CONF)["data"] == before);
    namespace.kubectl(&format!("delete {CONF}"), NOTHING).unwrap();
    namespace.wait("it is created again", || namespace.find(CONF)["data"] == before);

    // What cannot be merged leaves the Secret as it is.
    namespace.kubectl("delete secret one", NOTHING).unwrap();
    namespace.is_ready(
        "False MissingSecret: Secret one does not exist: create it, or remove it from spec.secrets",
    );
    assert_eq!(namespace.find(CONF)["data"], before);
    let events = namespace.list("events");
    let said = events.iter().any(|event| event["reason"] == "MissingSecret" && event["type"] == "Warning");
    assert!(said, "{events:?}");
}

#[test]
fn a_redis_is_started_and_removed_and_one_of_somebody_else_stays() {
    let cluster = start();
    let namespace = Builds(Namespace::bare(&cluster.control_plane, "caches"));
    namespace.put(&docker_secret("one", "a.example.com", "dTpw"));
    let both = build_env(&json!({"redis": true, "secrets": [{"secretName": "one"}]}));
    namespace.put(&both);
    namespace.is_ready("True Synced: The Secret is up to date");
    assert_eq!(namespace.conf("redis"), Some(format!("{REDIS}:6379")));
    let password = namespace.conf("redis_password").unwrap();
    assert_eq!(password.len(), 32);
    assert_eq!(namespace.find(&format!("service {REDIS}"))["spec"]["ports"][0]["port"], 6379);

    // Nothing is written when nothing has changed.
    let versions = || {
        let objects = [
            CONF.to_owned(),
            format!("secret {REDIS}-conf"),
            format!("service {REDIS}"),
            "imagebuildenv example".to_owned(),
        ];
        objects.map(|object| namespace.find(&object)["metadata"]["resourceVersion"].clone())
    };
    let before = versions();
    namespace.kubectl("annotate secret one a=b", NOTHING).unwrap();
    namespace.kubectl("annotate imagebuildenv example a=b", NOTHING).unwrap();
    let [conf, redis_conf, service, _] = before;
    namespace.put(&docker_secret("three", "c.example.com", "dTpw"));
    let three =
        build_env(&json!({"redis": true, "secrets": [{"secretName": "one"}, {"secretName": "three"}]}));
    namespace.put(&three);
    namespace.wait("the third is merged", || {
        namespace.conf(".dockerconfigjson").is_some_and(|config| config.contains("c.example.com"))
    });
    let [conf_now, redis_conf_now, service_now, _] = versions();
    assert_ne!(conf_now, conf);
    assert_eq!([redis_conf_now, service_now], [redis_conf, service]);
    assert_eq!(namespace.conf("redis_password"), Some(password));

    namespace.put(&build_env(&json!({"secrets": [{"secretName": "one"}]})));
    namespace.wait("the Redis is gone", || {
        namespace.find(&format!("deployment {REDIS}")) == Value::Null
            && namespace.find(&format!("service {REDIS}")) == Value::Null
            && namespace.find(&format!("secret {REDIS}-conf")) == Value::Null
    });
    assert_eq!(namespace.conf("redis"), None);

    namespace.kubectl(&format!("create service clusterip {REDIS} --tcp=80"), NOTHING).unwrap();
    namespace.put(&both);
    namespace.is_ready(&format!(
        "False NameConflict: Service {REDIS} exists and does not belong to this ImageBuildEnv: delete it, or give the ImageBuildEnv another name"
    ));
    assert_eq!(namespace.find(&format!("service {REDIS}"))["spec"]["ports"][0]["port"], 80);

    // With the build environment, all of it goes.
    namespace.kubectl("delete imagebuildenv example", NOTHING).unwrap();
    namespace.wait("the Secret is gone", || namespace.find(CONF) == Value::Null);
}
