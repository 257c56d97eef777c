//! A Secret under review. Its values are never shown and are wiped from memory when they are dropped.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize as _, Zeroizing};

use crate::base64;
use crate::object::Meta;
use crate::rule::Rule;
use crate::violation::{Value, Violation, Violations};

/// The most bytes of all values of a Secret together: the API server stores no more.
pub const DATA_MAX: usize = 1 << 20;
/// What padding may add to the length of base64: the API server itself judges a Secret that is this close to the limit.
const PADDING: usize = 4096;

/// A Secret under review. Its values stay where they were read from, if they need no unescaping.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretObject<'a> {
    #[serde(default)]
    pub(crate) metadata: Meta,
    #[serde(rename = "type", default)]
    pub(crate) secret_type: String,
    /// Whether its data can no longer change.
    #[serde(default)]
    pub(crate) immutable: bool,
    #[serde(borrow)]
    data: Option<BTreeMap<String, Hidden<'a>>>,
}

/// A value, decoded.
pub type SecretBytes = Zeroizing<Vec<u8>>;
/// The values by key, decoded.
pub type SecretData = BTreeMap<String, SecretBytes>;

impl SecretObject<'_> {
    /// Whether both hold the same.
    pub(crate) fn has_same_data(&self, other: &Self) -> bool {
        let empty = BTreeMap::new();
        self.data.as_ref().unwrap_or(&empty) == other.data.as_ref().unwrap_or(&empty)
    }

    /// The decoded values, or those that do not decode.
    pub(crate) fn data(&self) -> Result<SecretData, Violations> {
        let encoded: usize = self.data.iter().flatten().map(|(_, value)| value.0.len()).sum();
        if encoded / 4 * 3 > DATA_MAX + PADDING {
            return Err(vec![Violation::too_long("data", DATA_MAX)]);
        }
        let mut violations = Vec::new();
        let mut data = SecretData::new();
        for (key, value) in self.data.iter().flatten() {
            match base64::decode(&value.0) {
                Some(bytes) => drop(data.insert(key.clone(), bytes)),
                None => violations.push(Violation::invalid(
                    Rule::DataNotBase64,
                    format!("data.{key}"),
                    Value::Withheld,
                    "must be base64",
                )),
            }
        }
        if violations.is_empty() { Ok(data) } else { Err(violations) }
    }
}

/// A value that is never shown. Null is treated as empty: `password:` in YAML is null.
#[derive(Eq, PartialEq)]
struct Hidden<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Hidden<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A text that is borrowed if it can be: `Cow` by itself would always copy it.
        #[derive(Deserialize)]
        struct Text<'b>(#[serde(borrow)] Cow<'b, str>);

        let text: Option<Text<'de>> = Option::deserialize(deserializer)?;
        Ok(Self(text.map_or(Cow::Borrowed(""), |text| text.0)))
    }
}

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // What is borrowed is wiped by whom it belongs to.
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}
