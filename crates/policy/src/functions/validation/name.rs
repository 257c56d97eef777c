//! The name of a Function, from which the names of everything made for it are derived.

use crate::object::Meta;
use crate::rule::Rule;
use crate::syntax::{self, LABEL_MAX};
use crate::violation::{Violation, Violations};

/// What the controller puts behind the name of a Function to name its build Job, the longest name that it derives.
const LONGEST_SUFFIX: &str = "-build-xxxxx";
/// The longest name, so that the names derived from it are valid label values too.
const NAME_MAX: usize = LABEL_MAX - LONGEST_SUFFIX.len();
/// What the API server puts behind `generateName`.
const GENERATED_SUFFIX: usize = 5;

/// The name, or the prefix of a name that the API server is still to generate.
pub(super) fn check(meta: &Meta, violations: &mut Violations) {
    if meta.name.is_empty() && !meta.generate_name.is_empty() {
        let longest = NAME_MAX - GENERATED_SUFFIX;
        check_text(
            "metadata.generateName",
            &meta.generate_name,
            syntax::dns_1035_prefix,
            longest,
            violations,
        );
    } else if meta.name.is_empty() {
        let what_for = "name or generateName is required";
        violations.push(Violation::required(Rule::NameMissing, "metadata.name", what_for));
    } else {
        check_text("metadata.name", &meta.name, syntax::dns_1035_label, NAME_MAX, violations);
    }
}

fn check_text(
    field: &str,
    text: &str,
    syntax: impl Fn(&str) -> syntax::Check,
    longest: usize,
    violations: &mut Violations,
) {
    if let Err(must) = syntax(text) {
        violations.push(Violation::invalid(Rule::NameInvalid, field, text, must));
    }
    if text.len() > longest {
        let must = format!(
            "must be no longer than {longest} characters: the build Job is named <name>{LONGEST_SUFFIX}, which must not be longer than {LABEL_MAX}"
        );
        violations.push(Violation::invalid(Rule::NameTooLong, field, text, must));
    }
}
