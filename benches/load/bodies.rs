//! The requests that the benchmarks send: fixtures of two to three kilobytes, and one of a mebibyte.

use std::path::Path;

/// The fixture that stands for an endpoint: one on which its rules have all to do.
fn case(label: &str) -> &'static str {
    match label {
        "defaulting-functions" => "orders-function",
        "validation-functions" => "orders-function",
        "validation-gitrepositories" => "ssh-with-key",
        "mutation-registry-secrets" => "docker-hub",
        other => panic!("no request stands for {other}"),
    }
}

/// The request for an endpoint, by its label, as compact as the API server sends it.
pub fn of(label: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/admission");
    let path = root.join(label).join(case(label)).join("request.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let review: serde_json::Value = serde_json::from_slice(&text).unwrap();
    serde_json::to_vec(&review).unwrap()
}

/// A valid Function of which the source alone is a mebibyte.
pub fn one_mebibyte() -> Vec<u8> {
    let mut review: serde_json::Value = serde_json::from_slice(&of("validation-functions")).unwrap();
    let line = "module.exports = { main: function (event, context) { return \"Hello\"; } }\n";
    review["request"]["object"]["spec"]["source"] = line.repeat((1 << 20) / line.len()).into();
    serde_json::to_vec(&review).unwrap()
}
