//! A Secret under review. Its values are never shown and are wiped from memory when they are dropped.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize as _, Zeroizing};

use crate::base64;
use crate::object::Meta;
use crate::violation::{Value, Violation};

/// A Secret under review.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretObject {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Meta,
    /// Its type.
    #[serde(rename = "type", default)]
    pub secret_type: String,
    /// Whether its data can no longer change.
    #[serde(default)]
    pub immutable: bool,
    data: Option<BTreeMap<String, Hidden>>,
}

/// A value, decoded.
pub(super) type Bytes = Zeroizing<Vec<u8>>;
/// The values by key, decoded.
pub(super) type Data = BTreeMap<String, Bytes>;

impl SecretObject {
    /// Whether both hold the same.
    pub(super) fn has_same_data(&self, other: &Self) -> bool {
        let empty = BTreeMap::new();
        self.data.as_ref().unwrap_or(&empty) == other.data.as_ref().unwrap_or(&empty)
    }

    /// The decoded values, or those that do not decode.
    pub(super) fn data(&self) -> Result<Data, Vec<Violation>> {
        let mut violations = Vec::new();
        let mut data = Data::new();
        for (key, value) in self.data.iter().flatten() {
            match base64::decode(&value.0) {
                Some(bytes) => drop(data.insert(key.clone(), bytes)),
                None => violations.push(Violation::invalid(
                    format!("data.{key}"),
                    Value::Withheld,
                    "must be base64",
                )),
            }
        }
        if violations.is_empty() { Ok(data) } else { Err(violations) }
    }
}

/// A value that is never shown. Null counts as empty, which is what `password:` in YAML is.
#[derive(Eq, PartialEq)]
struct Hidden(String);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|text| Self(text.unwrap_or_default()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
