//! The Secret of a push or pull secret, as it is written.

use api::names::registry::secret_key;
use api::names::registry_secret;
use cluster::Intent;
use decide::owner;
use decide::plan::Wanted;
use policy::registries::docker_config::wipe;
use serde_json::{Map, Value, json};

/// The keys that some Secrets have and others do not.
const SOME: [&str; 4] =
    [secret_key::CA, secret_key::CONFIG, registry_secret::SERVER_ADDRESS, registry_secret::REGISTRY_ADDRESS];

/// The wanted Secret. Its data are wiped.
pub(super) struct OwnSecret {
    wanted: Wanted,
    uid: String,
}

impl OwnSecret {
    /// For the object with this UID.
    pub(super) fn new(wanted: Wanted, uid: &str) -> Self {
        Self { wanted, uid: uid.to_owned() }
    }
}

impl Intent for OwnSecret {
    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn is_ours(&self, stored: &Value) -> bool {
        owner::is_owned(stored, &self.uid)
    }

    /// It is written only if it differs.
    fn is_done(&self, _stored: &Value) -> bool {
        false
    }

    /// The type of a Secret cannot change.
    fn must_be_remade(&self, stored: &Value) -> bool {
        stored.get("type") != self.wanted.object.get("type") || stored.get("immutable") == Some(&json!(true))
    }

    fn foreign(&self, stored: &Value) -> Map<String, Value> {
        let has = |object: &Value, key: &str| object.get("data").is_some_and(|data| data.get(key).is_some());
        let extra = SOME.into_iter().filter(|key| has(stored, key) && !has(&self.wanted.object, key));
        let removed: Map<_, _> = extra.map(|key| (key.to_owned(), Value::Null)).collect();
        if removed.is_empty() { Map::new() } else { Map::from_iter([("data".to_owned(), removed.into())]) }
    }
}

impl Drop for OwnSecret {
    fn drop(&mut self) {
        wipe(&mut self.wanted.object);
    }
}
