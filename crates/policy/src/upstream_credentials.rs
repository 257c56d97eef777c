//! The Secret with the credentials of an upstream: exactly `username` and `password`, and immutable. The rules are those of
//! Gardener's registry-cache extension, and two of our own. No text here ever holds a value.

mod problem;
mod service_account;

use api::names::cache::credentials_key::{PASSWORD, USERNAME};
use api::names::cache::{CREDENTIALS, CREDENTIALS_VALUE};

use crate::decision::{Decision, Warning};
use crate::rule::Rule;
use crate::secret_object::{SecretBytes, SecretData, SecretObject};
use crate::text;
use crate::violation::Violation;

pub use problem::Problem;

/// The keys, in the order in which what is wrong with them is reported.
const KEYS: [&str; 2] = [USERNAME, PASSWORD];
/// The most caches that a warning names.
const CACHES_SHOWN: usize = 5;
/// The user of a registry of Google that logs in with the key of a service account.
const JSON_KEY: &str = "_json_key";

/// What is wrong with a labelled Secret, on CREATE and UPDATE; `old` is the Secret before the UPDATE.
#[must_use]
pub fn validate(new: &SecretObject<'_>, old: Option<&SecretObject<'_>>) -> Decision {
    if !is_labelled(new) || new.metadata.is_being_deleted() {
        return Decision::allowed();
    }
    // Nothing but metadata changes: a labelled Secret can always be deleted. One that gets the label is judged.
    let is_known =
        |old: &SecretObject<'_>| is_labelled(old) && old.immutable == new.immutable && old.has_same_data(new);
    if old.is_some_and(is_known) {
        return Decision::allowed();
    }
    match new.data() {
        Ok(data) => Decision::of(problems(new.immutable, &data).iter().map(Problem::in_secret).collect()),
        Err(violations) => Decision::of(violations),
    }
}

/// What who deletes a Secret should know: which caches use it. They go on with the credentials that were proven last, so the
/// Secret is deleted in any case.
#[must_use]
pub fn about_deletion(old: &SecretObject<'_>) -> Decision {
    let caches = old.metadata.annotation(|all| &all.used_by_caches).unwrap_or_default();
    let caches = caches.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let caches = text::first(caches, CACHES_SHOWN);
    if !is_labelled(old) || old.metadata.is_being_deleted() || caches.is_empty() {
        return Decision::allowed();
    }
    let text = format!(
        "RegistryCaches use this Secret ({}): they go on with the credentials that were proven last. Name another Secret in their spec.secretReferenceName",
        caches.join(", ")
    );
    Decision { warnings: vec![Warning::new(Rule::UpstreamCredentialsUsed, text)], ..Decision::default() }
}

/// What is wrong with a Secret that `field` of another object refers to, in the words of the original. `reference` is the
/// value of the field, `name` is namespace and name of the Secret.
#[must_use]
pub fn check_referenced(
    field: &str,
    reference: &str,
    name: &str,
    secret: &SecretObject<'_>,
) -> Vec<Violation> {
    match secret.data() {
        Ok(data) => {
            let problems = problems(secret.immutable, &data);
            let violation = |problem: &Problem| {
                Violation::invalid(Rule::UpstreamCredentials, field, reference, problem.in_reference(name))
            };
            problems.iter().map(violation).collect()
        }
        Err(violations) => violations,
    }
}

/// Whether a Secret says what it is for, and is judged by itself.
pub(crate) fn is_labelled(secret: &SecretObject<'_>) -> bool {
    secret.metadata.label(CREDENTIALS) == Some(CREDENTIALS_VALUE)
}

/// All that is wrong, in a fixed order.
fn problems(immutable: bool, data: &SecretData) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !immutable {
        problems.push(Problem::Mutable);
    }
    if data.len() != KEYS.len() {
        problems.push(Problem::Entries);
    }
    let is_key_file = data.get(USERNAME).is_some_and(|user| user.as_slice() == JSON_KEY.as_bytes());
    for key in KEYS {
        match data.get(key) {
            None => problems.push(Problem::Missing(key)),
            Some(value) => problems.extend(problems_of(key, value, is_key_file && key == PASSWORD)),
        }
    }
    if let Some(password) = data.get(PASSWORD).filter(|value| is_key_file && !value.trim_ascii().is_empty()) {
        problems.extend(service_account::problems(password));
    }
    problems
}

/// That a value is empty, and then the first problem of its characters. A key file may have lines.
fn problems_of(key: &'static str, value: &SecretBytes, is_key_file: bool) -> Vec<Problem> {
    let Ok(text) = std::str::from_utf8(value) else { return vec![Problem::NotUtf8(key)] };
    let is_allowed = |character: char| is_key_file && matches!(character, '\n' | '\r' | '\t');
    let mut problems = Vec::new();
    let is_empty = text.trim().is_empty();
    if is_empty {
        problems.push(Problem::Empty(key));
    }
    if key == USERNAME && text.contains(char::is_whitespace) {
        problems.push(Problem::Whitespace);
    } else if is_empty {
        // It is wrong whatever its characters are.
    } else if text.ends_with(['\n', '\r']) {
        problems.push(Problem::Newline(key));
    } else if text.contains(|character: char| character.is_control() && !is_allowed(character)) {
        problems.push(Problem::Control(key));
    } else if key == USERNAME && text.contains(':') {
        problems.push(Problem::Colon);
    }
    problems
}

#[cfg(test)]
mod tests;
