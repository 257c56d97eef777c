//! The docker configurations of several Secrets, merged into one, and as the configuration of makisu.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use policy::registries::docker_config::{DockerConfig, VALUES_MAX};
use serde_json::{Map, Value, json};

use super::model::Input;

const DOCKER_TYPE: &str = "kubernetes.io/dockerconfigjson";
const DOCKER_KEY: &str = ".dockerconfigjson";
const OPAQUE_KEY: &str = "config.json";

/// A docker configuration: `auths`, `credHelpers` and `credsStore`. Of two entries for one registry the later one stays.
#[derive(Default)]
pub(super) struct Merged {
    config: Map<String, Value>,
    /// How many names and values were read.
    values: usize,
}

impl Merged {
    /// Adds the configuration of a Secret. The error names the Secret and the key, and no value.
    pub(super) fn add(&mut self, name: &str, input: &Input) -> Result<(), String> {
        let key = match input.kind.as_str() {
            DOCKER_TYPE => DOCKER_KEY,
            "Opaque" => OPAQUE_KEY,
            other => {
                return Err(format!(
                    "Secret {name} has type {other}: it must be {DOCKER_TYPE}, or Opaque with the key {OPAQUE_KEY}"
                ));
            }
        };
        let Some(text) = input.data.get(key) else {
            return Err(format!("Secret {name} has no key {key}: it must hold a docker configuration"));
        };
        let invalid =
            || format!("Secret {name}: {key} is not a docker configuration, such as {{\"auths\": {{}}}}");
        // Each takes many times the memory of its text.
        self.values += DockerConfig::values(&text.0);
        if self.values > VALUES_MAX {
            return Err(format!(
                "Secret {name}: there are more than {VALUES_MAX} names and values in all docker configurations: merge fewer"
            ));
        }
        let config: Map<String, Value> = serde_json::from_slice(&text.0).map_err(|_| invalid())?;
        for (field, value) in config {
            match (field.as_str(), value) {
                ("auths" | "credHelpers", Value::Object(entries)) => self.extend(field, entries),
                ("auths" | "credHelpers", Value::Null) => {}
                ("auths" | "credHelpers", _) => return Err(invalid()),
                ("credsStore", store) => drop(self.config.insert(field, store)),
                // What else Docker keeps there is about its command line.
                _ => {}
            }
        }
        Ok(())
    }

    fn extend(&mut self, field: String, entries: Map<String, Value>) {
        let known = self.config.entry(field).or_insert_with(|| json!({}));
        if let Some(known) = known.as_object_mut() {
            known.extend(entries);
        }
    }

    /// As a docker configuration, which has `auths` in any case.
    pub(super) fn docker_config(&self) -> String {
        let mut config = self.config.clone();
        config.entry("auths").or_insert_with(|| json!({}));
        Value::Object(config).to_string()
    }

    /// As makisu reads it: a user name and a password for all images of each registry. It knows no other credentials. JSON is
    /// YAML.
    pub(super) fn makisu(&self) -> String {
        let auths = self.config.get("auths").and_then(Value::as_object).into_iter().flatten();
        let registries = auths.filter_map(|(registry, entry)| {
            let (username, password) = login(entry)?;
            let basic = json!({"username": username, "password": password});
            Some((registry.clone(), json!({".*": {"security": {"basic": basic}}})))
        });
        Value::Object(registries.collect()).to_string()
    }
}

/// The user name and the password of an entry.
fn login(entry: &Value) -> Option<(String, String)> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(auth) = text("auth") {
        let pair = String::from_utf8(BASE64.decode(auth).ok()?).ok()?;
        let (username, password) = pair.split_once(':')?;
        return Some((username.to_owned(), password.to_owned()));
    }
    Some((text("username")?.to_owned(), text("password")?.to_owned()))
}
