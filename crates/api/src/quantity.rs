//! A quantity as its author wrote it: a string or a whole number. `policy::quantity` interprets it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// The pattern that Kubernetes puts on quantities in schemas
/// (`k8s.io/apimachinery/pkg/api/resource`, as controller-gen writes it).
const PATTERN: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// An unchecked quantity: `500m`, `"1"` and `1` keep the form in which they were written.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Serialize)]
#[serde(untagged)]
pub enum RawQuantity {
    /// A JSON number.
    Number(i64),
    /// A JSON string.
    Text(String),
}

impl RawQuantity {
    /// The text to parse.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

impl From<&str> for RawQuantity {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for RawQuantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = RawQuantity;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a quantity: a text in quotes such as '0.5', or a whole number")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<RawQuantity, E> {
                Ok(RawQuantity::Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<RawQuantity, E> {
                i64::try_from(number)
                    .map(RawQuantity::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawQuantity, E> {
                Ok(RawQuantity::Text(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for RawQuantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A Kubernetes quantity, such as 100m or 64Mi.",
            "pattern": PATTERN,
            "x-kubernetes-int-or-string": true
        })
    }
}
