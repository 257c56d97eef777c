//! Docker configuration (`config.json`, `.dockerconfigjson`): credentials by server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

/// A docker configuration. Wiped from memory when it is dropped.
pub struct DockerConfig(Map<String, Value>);

const AUTHS: &str = "auths";
/// The most names and values of a configuration: each takes many times the memory of its text.
pub const VALUES_MAX: usize = 10_000;

impl DockerConfig {
    /// A configuration without credentials.
    #[must_use]
    pub fn empty() -> Self {
        Self(Map::new())
    }

    /// How many names and values a configuration has at most: there are no more than signs before them.
    #[must_use]
    pub fn values(json: &[u8]) -> usize {
        json.iter().filter(|byte| matches!(byte, b'{' | b'[' | b',' | b':')).count()
    }

    /// Whether a configuration is small enough to be read.
    #[must_use]
    pub(crate) fn is_small(json: &[u8]) -> bool {
        Self::values(json) <= VALUES_MAX
    }

    /// Reads a configuration; `None` if the text is not one.
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
        let mut json = Zeroizing::new(Vec::with_capacity(self.text_length()));
        let _ = serde_json::to_writer(&mut *json, &self.0);
        BASE64.encode(&*json)
    }
}

impl DockerConfig {
    /// About the length of its JSON: what a vector leaves behind as it grows is not wiped.
    fn text_length(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + 6 + length(value)).sum::<usize>() + 2
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(values) => values.iter().map(|value| length(value) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + 4 + length(value)).sum::<usize>() + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 24,
    }
}

impl Drop for DockerConfig {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// Wipes all texts in a value from memory.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// Found by fuzzing: a number that is parsed roughly is another one when it is written.
    #[test]
    fn what_is_kept_for_other_servers_stays_as_it_is() {
        let mut config = DockerConfig::parse(br#"{"auths":{"other":-6666666664e-230}}"#).unwrap();
        assert!(config.set("mine", b"u", b"p"));
        let written = BASE64.decode(config.to_base64()).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(text, r#"{"auths":{"mine":{"auth":"dTpw"},"other":-6.666666664e-221}}"#);
    }
}
