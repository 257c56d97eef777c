//! Looks into JSON.

use serde_json::Value;

/// The value at a path of members, such as `/request/object`. Unlike a JSON pointer it has no escapes, so it costs nothing.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').skip(1).try_fold(value, |value, name| value.get(name))
}

/// The text at such a path; empty if there is none.
pub(super) fn text_at<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}
