//! Docker configuration (`config.json`, `.dockerconfigjson`): credentials by server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

/// A docker configuration. Wiped from memory when it is dropped.
pub struct DockerConfig(Map<String, Value>);

const AUTHS: &str = "auths";

impl DockerConfig {
    /// A configuration without credentials.
    #[must_use]
    pub fn empty() -> Self {
        Self(Map::new())
    }

    /// Reads a configuration; `None` if it is none.
    #[must_use]
    pub fn parse(json: &[u8]) -> Option<Self> {
        let config = Self(serde_json::from_slice(json).ok()?);
        let is_auths = config.0.get(AUTHS).is_none_or(Value::is_object);
        is_auths.then_some(config)
    }

    /// Sets the credentials for a server and leaves those for others alone. Answers whether that changed anything.
    pub fn set(&mut self, server: &str, username: &[u8], password: &[u8]) -> bool {
        let mut pair = Zeroizing::new(Vec::with_capacity(username.len() + 1 + password.len()));
        pair.extend_from_slice(username);
        pair.push(b':');
        pair.extend_from_slice(password);
        let mut entry = Value::from_iter([("auth", BASE64.encode(&*pair))]);
        let auths = self.0.entry(AUTHS).or_insert_with(|| Map::new().into());
        let Some(auths) = auths.as_object_mut() else { return false };
        if auths.get(server) == Some(&entry) {
            wipe(&mut entry);
            return false;
        }
        if let Some(mut before) = auths.insert(server.to_owned(), entry) {
            wipe(&mut before);
        }
        true
    }

    /// Compact JSON, in base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        // Texts cannot fail to serialise.
        let json = Zeroizing::new(serde_json::to_vec(&self.0).unwrap_or_default());
        BASE64.encode(&*json)
    }
}

impl Drop for DockerConfig {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
