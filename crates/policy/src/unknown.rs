//! Fields that no type has, as strict decoding of the API server finds them.

use serde::Deserialize;
use serde_ignored::Path;
use serde_json::Value;

/// The paths of the fields that `T` does not have, each behind `prefix`.
pub(crate) fn unknown_fields<'de, T: Deserialize<'de>>(object: &'de Value, prefix: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    let note = |path: Path<'_>| unknown.push(format!("{prefix}{}", field(&path)));
    // A field that does not decode is reported by the rules, with its path.
    let _: Result<T, _> = serde_ignored::deserialize(object, note);
    unknown
}

/// The path as Kubernetes writes it.
fn field(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", field(parent)),
        Path::Map { parent, key } => {
            let parent = field(parent);
            if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") }
        }
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            field(parent)
        }
    }
}
