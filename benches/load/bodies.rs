//! The requests of the benchmarks, as compact as the API server sends them: fixtures, padded to the size of real
//! reviews.

use std::path::Path;

use serde_json::{Value, json};

/// The smallest size of a review from a cluster, in bytes, because of `managedFields` and the annotation of kubectl.
const LEAST: usize = 2300;

/// The fixture for an endpoint: one for which its rules do all their work.
fn case(label: &str) -> &'static str {
    match label {
        "defaulting-functions" => "env-from-config-map",
        "validation-functions" => "minimal-defaulted",
        "validation-gitrepositories" => "ssh-with-key",
        "mutation-registry-secrets" => "docker-hub",
        "mutation-container-registries" => "seed",
        "defaulting-imageregistries" => "access-modes",
        "validation-imageregistries"
        | "validation-imagepushsecrets"
        | "validation-imagepullsecrets"
        | "validation-registrycaches" => "every-field",
        "defaulting-registrycaches" => "upstream-alone",
        "validation-upstream-credentials" => "key-file",
        "validation-shoots" => "with-credentials",
        "validation-imageregistryaccounts" => "two-passwords",
        "validation-imagebuildenvs" => "as-in-the-original",
        other => panic!("no request stands for {other}"),
    }
}

/// The request for an endpoint, by its label.
pub fn of(label: &str) -> Vec<u8> {
    let mut review = read(label);
    let size = review.to_string().len();
    if size < LEAST {
        let copy = "x".repeat(LEAST - size - 80);
        review["request"]["object"]["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
            json!(copy);
    }
    review.to_string().into_bytes()
}

/// A valid Function whose source alone is a mebibyte.
pub fn one_mebibyte() -> Vec<u8> {
    let mut review = read("validation-functions");
    let line = "module.exports = { main: function (event, context) { return \"Hello\"; } }\n";
    review["request"]["object"]["spec"]["source"] = line.repeat((1 << 20) / line.len()).into();
    review.to_string().into_bytes()
}

fn read(label: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/admission");
    let path = root.join(label).join(case(label)).join("request.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}
