//! The conditions of the kinds of registries.

use api::Condition;
use api::registry::{RegistryConditionType, RegistryReason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::draft::bounded;

/// A condition that is True or False, with a message that is cut if it is too long. The time of the last transition stays if
/// the status does.
#[must_use]
pub fn condition(
    kind: RegistryConditionType,
    is_true: bool,
    (reason, message): (RegistryReason, String),
    generation: Option<i64>,
    before: &[Condition],
    now: Time,
) -> Condition {
    of_words(kind.as_str(), is_true, (reason.as_str(), message), generation, before, now)
}

/// As [`condition`], with the words of any kind.
#[must_use]
pub fn of_words(
    kind: &str,
    is_true: bool,
    (reason, message): (&str, String),
    generation: Option<i64>,
    before: &[Condition],
    now: Time,
) -> Condition {
    let status = if is_true { "True" } else { "False" };
    let known = before.iter().find(|known| known.kind == kind && known.status == status);
    Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        last_transition_time: Some(known.and_then(|known| known.last_transition_time.clone()).unwrap_or(now)),
        reason: Some(reason.to_owned()),
        message: Some(bounded(message)),
        observed_generation: generation,
    }
}

/// Whether people learn something new from a condition: its status or its reason is another one.
#[must_use]
pub fn is_news(condition: &Condition, before: &[Condition]) -> bool {
    let known = before.iter().find(|known| known.kind == condition.kind);
    known.is_none_or(|known| (&known.status, &known.reason) != (&condition.status, &condition.reason))
}
