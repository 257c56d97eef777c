//! How hidden texts are written to files and read from them: `#[serde(with = "hidden")]`. Nothing else writes them.

use policy::container_registries::HiddenText;
use serde::{Deserialize as _, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(text: &HiddenText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.reveal())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HiddenText, D::Error> {
    String::deserialize(deserializer).map(HiddenText::new)
}
