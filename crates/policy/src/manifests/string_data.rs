//! `stringData` of Secrets, which authors write in clear.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

/// Moves `stringData` of a Secret into `data`, as an API server does. Values of a wrong type stay as they are, for decoding
/// to report.
pub fn fold_string_data(secret: &mut Value) {
    let Some(members) = secret.as_object_mut() else { return };
    let Some(Value::Object(strings)) = members.get("stringData").cloned() else { return };
    members.remove("stringData");
    let data = members.entry("data").or_insert_with(|| Map::new().into());
    if data.is_null() {
        *data = Map::new().into();
    }
    let Some(data) = data.as_object_mut() else { return };
    for (key, value) in strings {
        let value = value.as_str().map_or_else(|| value.clone(), |text| BASE64.encode(text).into());
        data.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::nothing(json!({"data": {"a": "eA=="}}), json!({"data": {"a": "eA=="}}))]
    #[case::over_data(json!({"data": {"a": "eA==", "b": "eQ=="}, "stringData": {"a": "z"}}), json!({"data": {"a": "eg==", "b": "eQ=="}}))]
    #[case::without_data(json!({"stringData": {"a": "z"}}), json!({"data": {"a": "eg=="}}))]
    #[case::data_that_is_null(json!({"data": null, "stringData": {"a": "z"}}), json!({"data": {"a": "eg=="}}))]
    #[case::no_text(json!({"stringData": {"a": 1}}), json!({"data": {"a": 1}}))]
    #[case::no_mapping(json!({"stringData": "z"}), json!({"stringData": "z"}))]
    fn data_in_clear_is_moved(#[case] mut secret: Value, #[case] expected: Value) {
        fold_string_data(&mut secret);
        assert_eq!(secret, expected);
    }
}
