//! Where the code comes from: source, runtime, dependencies, and the place in a Git repository.

use api::{FunctionSpec, limits};
use serde::de::IgnoredAny;

use crate::config::{Config, Language, Runtime};
use crate::decision::Warning;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

pub(super) fn check_source(spec: &FunctionSpec, violations: &mut Violations) {
    if let Some(source_type) = spec.source_type.as_deref()
        && !["", "inline", "git"].contains(&source_type)
    {
        violations.push(Violation::not_supported(
            Rule::SourceTypeUnsupported,
            "spec.type",
            source_type,
            ["git", "inline"],
        ));
    }
    let what_for = if spec.is_git() {
        "the source of a git Function names a GitRepository"
    } else {
        "the source code of the Function"
    };
    if spec.source.trim().is_empty() {
        violations.push(Violation::required(Rule::SourceMissing, "spec.source", what_for));
    } else if spec.is_git()
        && let Err(rule) = syntax::dns_1123_subdomain(&spec.source)
    {
        violations.push(Violation::invalid(
            Rule::SourceRepositoryName,
            "spec.source",
            spec.source.as_str(),
            format!("{what_for}: {rule}"),
        ));
    }
}

/// The lengths of all texts. Far beyond what a real Function has, so they are the last that is said of it.
pub(super) fn check_lengths(spec: &FunctionSpec, violations: &mut Violations) {
    for (field, text, max) in [
        ("spec.source", Some(spec.source.as_str()), limits::TEXT_MAX),
        ("spec.deps", spec.deps.as_deref(), limits::TEXT_MAX),
        ("spec.runtime", spec.runtime.as_deref(), limits::NAME_MAX),
        ("spec.baseDir", spec.base_dir.as_deref(), limits::PATH_MAX),
        ("spec.reference", spec.reference.as_deref(), limits::PATH_MAX),
    ] {
        check_length(field, text.unwrap_or_default(), max, violations);
    }
}

/// A text that may have `max` characters: the schema of the CRD says the same.
fn check_length(field: &str, text: &str, max: usize, violations: &mut Violations) {
    // No text has more characters than bytes, so most texts need no count.
    if text.len() > max && text.chars().nth(max).is_some() {
        violations.push(Violation::too_long(field, max));
    }
}

/// Answers with a warning if the runtime should not be used any more.
pub(super) fn check_runtime(
    config: &Config,
    spec: &FunctionSpec,
    violations: &mut Violations,
) -> Option<Warning> {
    let name = spec.runtime.as_deref().unwrap_or_default();
    let Some(runtime) = config.runtimes.get(name) else {
        let known = config.runtimes.keys();
        violations.push(Violation::not_supported(Rule::RuntimeUnsupported, "spec.runtime", name, known));
        return None;
    };
    let why = runtime.deprecated.as_ref()?;
    let remedy = match &runtime.successor {
        Some(successor) => format!("set spec.runtime to {successor:?}"),
        None => "set spec.runtime to another one".to_owned(),
    };
    let text = format!("runtime {name:?} is deprecated: {why}; {remedy}");
    Some(Warning::new(Rule::RuntimeDeprecated, text))
}

pub(super) fn check_git(spec: &FunctionSpec, violations: &mut Violations) {
    if !spec.is_git() {
        return;
    }
    let base_dir = spec.base_dir.as_deref().unwrap_or_default();
    if base_dir.trim().is_empty() {
        let what_for = "the directory of the repository that holds the Function; \"/\" is its root";
        violations.push(Violation::required(Rule::BaseDirMissing, "spec.baseDir", what_for));
    } else if base_dir.split(['/', '\\']).any(|segment| segment.trim() == "..") {
        violations.push(Violation::invalid(
            Rule::BaseDirOutsideRepository,
            "spec.baseDir",
            base_dir,
            "must not leave the repository: no \"..\"",
        ));
    }
    if spec.reference.as_deref().unwrap_or_default().trim().is_empty() {
        violations.push(Violation::required(
            Rule::ReferenceMissing,
            "spec.reference",
            "the branch, tag or commit to build",
        ));
    }
}

/// The dependencies of an inline Function. Answers with a warning if they cannot be what they seem to be.
pub(super) fn check_deps(
    config: &Config,
    spec: &FunctionSpec,
    violations: &mut Violations,
) -> Option<Warning> {
    let Runtime { language, .. } = config.runtimes.get(spec.runtime.as_deref().unwrap_or_default())?;
    let deps = spec.deps.as_deref().unwrap_or_default();
    if spec.is_git() || *language != Language::Nodejs || deps.trim().is_empty() {
        return None;
    }
    if !(deps.trim().starts_with('{') && deps.trim().ends_with('}')) {
        let rule =
            "the dependencies of a Node.js Function are a package.json: must start with '{' and end with '}'";
        violations.push(Violation::invalid(Rule::DepsNotPackageJson, "spec.deps", deps, rule));
        return None;
    }
    // The position is all that is said of the error: its text could hold what the author wrote.
    let error = serde_json::from_str::<IgnoredAny>(deps).err()?;
    let text = format!("spec.deps is not valid JSON: line {}, column {}", error.line(), error.column());
    Some(Warning::new(Rule::DepsInvalidJson, text))
}
