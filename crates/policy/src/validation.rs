//! Validation: all violations of an object at once, in a stable order.

pub mod function;
pub mod git_repository;

use crate::violation::Violation;

pub use function::function;
pub use git_repository::git_repository;

/// Whether an UPDATE leaves alone what the rules look at, so that tightening the configuration never blocks writes of
/// status, finalizers or labels of objects that exist.
fn is_untouched<S: PartialEq>(
    new: &crate::Object<S>,
    old: Option<&crate::Object<S>>,
    labels: &[&str],
) -> bool {
    old.is_some_and(|old| {
        new.spec == old.spec
            && new.metadata.name == old.metadata.name
            && labels.iter().all(|key| new.metadata.label(key) == old.metadata.label(key))
    })
}

/// A text that may have `max` characters: the schema of the CRD says the same.
fn check_length(field: &str, text: &str, max: usize, violations: &mut Vec<Violation>) {
    // No text has more characters than bytes, so most texts need no count.
    if text.len() > max && text.chars().nth(max).is_some() {
        violations.push(Violation::too_long(field, max));
    }
}
