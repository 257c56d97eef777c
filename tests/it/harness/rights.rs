//! The requests of an account to the API server, and its granted rights.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Verb, resource with its subresource, and name, if a name can be granted.
pub type Right = [String; 3];

/// The audit log of a control plane.
pub struct Audit {
    folder: tempfile::TempDir,
}

impl Audit {
    pub fn new() -> Self {
        let new = Self { folder: tempfile::tempdir().unwrap() };
        let all = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n";
        fs::write(new.folder.path().join("policy.yaml"), all).unwrap();
        new
    }

    /// Flags of kube-apiserver.
    pub fn flags(&self) -> Vec<String> {
        let path = |file: &str| self.folder.path().join(file).display().to_string();
        vec![
            format!("--audit-policy-file={}", path("policy.yaml")),
            format!("--audit-log-path={}", path("audit.log")),
        ]
    }

    /// The successful requests of a user.
    pub fn requests(&self, user: &str) -> BTreeSet<Right> {
        let log = fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        let mut requests = BTreeSet::new();
        for line in log.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["user"]["username"] != user {
                continue;
            }
            assert!(event["responseStatus"]["code"] != 403, "{line}");
            let text =
                |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let name = if event["verb"] == "create" { String::new() } else { text("/objectRef/name") };
            let mut resource = text("/objectRef/resource");
            if let Some(subresource) = event["objectRef"]["subresource"].as_str() {
                resource = format!("{resource}/{subresource}");
            }
            requests.insert([text("/verb"), resource, name]);
        }
        requests
    }
}

/// The rights that manifests grant.
pub fn granted(rbac: &Path) -> BTreeSet<Right> {
    let rbac: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(rbac).unwrap()).unwrap();
    let texts = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap_or_default() };
    let mut granted = BTreeSet::new();
    for rule in rbac.iter().filter_map(|object| object["rules"].as_array()).flatten() {
        let mut names = texts(&rule["resourceNames"]);
        if names.is_empty() {
            names.push(String::new());
        }
        for verb in texts(&rule["verbs"]) {
            for resource in texts(&rule["resources"]) {
                granted.extend(names.iter().map(|name| [verb.clone(), resource.clone(), name.clone()]));
            }
        }
    }
    granted
}

/// A request in the form in which it is granted: with a name only for Leases.
pub fn as_granted([verb, resource, name]: Right) -> Right {
    let name = if resource == "leases" { name } else { String::new() };
    [verb, resource, name]
}
