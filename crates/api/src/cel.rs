//! CEL rules in the schemas of the CRDs: all rules that need no configuration. With them the API server still refuses
//! what no configuration allows when the webhook is down. `policy` has the same rules for manifests that are checked
//! offline.
//!
//! The API server bounds the cost of a rule by the largest object that could be sent. So the rules over quantities
//! cover only known resources.

pub(crate) mod cache;
pub(crate) mod git_repository;
pub(crate) mod registry;

use kube::core::cel::{Reason, Rule};

fn rule(expression: &str, message: &str) -> Rule {
    Rule::new(expression).message(message)
}

fn required(expression: &str, message: &str) -> Rule {
    rule(expression, message).reason(Reason::FieldValueRequired)
}

fn forbidden(expression: &str, message: &str) -> Rule {
    rule(expression, message).reason(Reason::FieldValueForbidden)
}

/// `metadata.name` of a Function, on creation only: an existing Function can still be changed and deleted.
pub(crate) fn function_name() -> Rule {
    rule(
        "oldSelf.hasValue() || self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        "must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')",
    )
    .field_path(".metadata.name")
    .optional_old_self(true)
}

/// The length of `metadata.name` of a Function.
pub(crate) fn function_name_length() -> Rule {
    rule(
        "oldSelf.hasValue() || self.metadata.name.size() <= 51",
        "must be no longer than 51 characters: the build Job is named <name>-build-xxxxx, which must not be longer than 63",
    )
    .field_path(".metadata.name")
    .optional_old_self(true)
}

/// `spec.source` of a Function.
pub(crate) fn source() -> Rule {
    required(
        "self.trim() != ''",
        "the source code of the Function, or the name of a GitRepository if type is git",
    )
}

/// Guard for rules on `spec`: the Function is not of type git.
const NOT_GIT: &str = "!has(self.type) || self.type != 'git'";

/// `spec` of a Function of type git.
pub(crate) fn git_source() -> Rule {
    let expression = format!("{NOT_GIT} || self.source.trim() == '' || {}", is_subdomain("self.source"));
    let message = format!("the source of a git Function names a GitRepository: {SUBDOMAIN}");
    rule(&expression, &message).field_path(".source")
}

/// `spec` of a Function of type git.
pub(crate) fn git_base_dir() -> Rule {
    required(
        &format!("{NOT_GIT} || (has(self.baseDir) && self.baseDir.trim() != '')"),
        "the directory of the repository that holds the Function; \"/\" is its root",
    )
    .field_path(".baseDir")
}

/// `spec` of a Function of type git.
pub(crate) fn git_base_dir_inside() -> Rule {
    let leaves = r"self.baseDir.matches('(^|[/\\\\])\\s*[.][.]\\s*([/\\\\]|$)')";
    rule(&format!("{NOT_GIT} || !has(self.baseDir) || !{leaves}"), "must not leave the repository: no \"..\"")
        .field_path(".baseDir")
}

/// `spec` of a Function of type git.
pub(crate) fn git_reference() -> Rule {
    required(
        &format!("{NOT_GIT} || (has(self.reference) && self.reference.trim() != '')"),
        "the branch, tag or commit to build",
    )
    .field_path(".reference")
}

/// `spec` of a Function.
pub(crate) fn replicas_in_order() -> Rule {
    rule(
        "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
        "must be greater than or equal to minReplicas",
    )
    .field_path(".maxReplicas")
}

/// `spec.labels` of a Function.
pub(crate) fn labels_not_owned() -> Rule {
    let keys = crate::names::owned_label::ALL.map(|key| format!("'{key}'")).join(", ");
    forbidden(
        &format!("![{keys}].exists(key, key in self)"),
        "the controller sets labels of serverless.kyma-project.io itself: function-name, managed-by, resource and uuid",
    )
}

/// The keys of `spec.labels` of a Function.
pub(crate) fn label_keys() -> Rule {
    rule(
        "self.all(key, key.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$'))",
        "keys must be label keys, such as 'app' or 'example.com/app'",
    )
}

/// `limits` and `requests` in `spec.resources` and `spec.buildResources` of a Function.
pub(crate) fn not_negative() -> Rule {
    let expression = format!("{KNOWN}.all(name, !(name in self) || !string(self[name]).startsWith('-'))");
    rule(&expression, "quantities must not be negative")
}

/// An entry of `spec.env` of a Function.
pub(crate) fn one_value() -> Rule {
    rule(
        "!has(self.value) || self.value == '' || !has(self.valueFrom)",
        "must not set both value and valueFrom",
    )
}

/// An entry of `spec.env` of a Function.
pub(crate) fn one_source() -> Rule {
    let sources = ["configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef"];
    let number = sources.map(|source| format!("(has(self.valueFrom.{source}) ? 1 : 0)")).join(" + ");
    rule(
        &format!("!has(self.valueFrom) || {number} == 1"),
        "must have one source: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef or fileKeyRef",
    )
    .field_path(".valueFrom")
}

/// `spec.resources` and `spec.buildResources` of a Function.
pub(crate) fn limits_hold_requests() -> Rule {
    // The pattern of quantities reports what cannot be read.
    let quantity = |of: &str| format!("quantity(string(self.{of}[name]))");
    let readable = |of: &str| format!("isQuantity(string(self.{of}[name]))");
    let expression = format!(
        "!has(self.requests) || !has(self.limits) || {KNOWN}.all(name, !(name in self.requests) || !(name in self.limits) || !{} || !{} || !{}.isGreaterThan({}))",
        readable("requests"),
        readable("limits"),
        quantity("requests"),
        quantity("limits"),
    );
    rule(&expression, "must be greater than or equal to requests").field_path(".limits")
}

/// Resources whose quantities are checked: rules over an unlimited number of resources would cost too much.
const KNOWN: &str = "['cpu', 'memory', 'ephemeral-storage']";

/// What Kubernetes reports for an invalid name of most kinds.
const SUBDOMAIN: &str = "must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')";

fn is_subdomain(text: &str) -> String {
    let label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    format!("({text}.size() <= 253 && {text}.matches('^{label}([.]{label})*$'))")
}
