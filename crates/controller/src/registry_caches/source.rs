//! The Secret that a cache refers to, as it is read.

use cluster::Error;
use k8s_openapi::api::core::v1::Secret;
use policy::SecretObject;
use policy::upstream_credentials::check_referenced;
use serde::Deserialize as _;
use serde_json::{Value, json};

use api::names::cache::credentials_key::{PASSWORD, USERNAME};
use decide::registry::secrets::Data;

/// What is wrong is reported of this field.
const FIELD: &str = "spec.secretReferenceName";

/// Such a Secret.
pub(super) enum SourceSecret {
    /// It cannot hold credentials, and why.
    Malformed(String),
    /// It holds some.
    Held(Credentials),
}

/// Credentials. They are not shown.
pub(super) struct Credentials {
    /// The UID of the Secret.
    pub(super) uid: String,
    /// Its version.
    pub(super) version: String,
    /// What it holds.
    pub(super) data: Data,
}

impl SourceSecret {
    /// Reads a Secret; `name` is its name, with its namespace before it in `full`. One that can change is used like any other:
    /// admission refuses it, and what it holds is proven whenever it changes.
    pub(super) fn of(mut stored: Value, name: &str, full: &str) -> Result<Self, Error> {
        if let Some(fields) = stored.as_object_mut() {
            fields.insert("immutable".to_owned(), json!(true));
        }
        let text = stored.to_string();
        let judged: SecretObject<'_> = serde_json::from_str(&text).map_err(Error::of_json)?;
        let violations = check_referenced(FIELD, name, full, &judged);
        if !violations.is_empty() {
            let texts: Vec<_> = violations.iter().map(ToString::to_string).collect();
            return Ok(Self::Malformed(texts.join("; ")));
        }
        let secret = Secret::deserialize(&stored).map_err(Error::of_json)?;
        let mut data = secret.data.unwrap_or_default();
        let keys = [USERNAME, PASSWORD].map(|key| (key, data.remove(key).unwrap_or_default()));
        Ok(Self::Held(Credentials {
            uid: secret.metadata.uid.unwrap_or_default(),
            version: secret.metadata.resource_version.unwrap_or_default(),
            data: keys.into(),
        }))
    }
}

impl Credentials {
    /// The user and the password. Both are UTF-8, or the Secret would be malformed.
    pub(super) fn login(&self) -> (&str, &str) {
        let text = |key| self.data.get(key).and_then(|value| std::str::from_utf8(&value.0).ok());
        (text(USERNAME).unwrap_or_default(), text(PASSWORD).unwrap_or_default())
    }
}
