//! How many push and pull secrets, and how many registries, are in which state: what the metrics of the controller show.

use std::collections::BTreeMap;

use api::Condition;
use api::registry::{ImageRegistryStatus, ImageSecretStatus, RegistryConditionType, RegistryReason};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// What is shown for an object without a condition `Ready`: it is new.
pub const NO_REASON: &str = "None";

/// Numbers of objects of one kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tally {
    /// All objects by the reason of their condition `Ready`; each reason is there.
    pub by_reason: BTreeMap<&'static str, usize>,
    /// Those whose password should have been replaced before now.
    pub overdue: usize,
    /// Those whose password has expired.
    pub expired: usize,
}

impl Default for Tally {
    fn default() -> Self {
        let reasons = RegistryReason::ALL.iter().map(|reason| reason.as_str());
        let by_reason = reasons.chain([NO_REASON]).map(|reason| (reason, 0)).collect();
        Self { by_reason, overdue: 0, expired: 0 }
    }
}

/// The numbers of push or pull secrets, from their status.
pub fn secrets<'a>(
    statuses: impl IntoIterator<Item = Option<&'a ImageSecretStatus>>,
    now: Timestamp,
) -> Tally {
    let mut tally = Tally::default();
    let is_over = |time: &Option<Time>| time.as_ref().is_some_and(|time| time.0 <= now);
    for status in statuses {
        let reason = tally.count(status.and_then(|status| status.conditions.as_deref()));
        // Its accounts were deleted, because the registry does not allow its namespace any more.
        if reason == RegistryReason::NotAllowed.as_str() {
            continue;
        }
        tally.overdue += usize::from(status.is_some_and(|status| is_over(&status.next_rotation)));
        tally.expired += usize::from(status.is_some_and(|status| is_over(&status.valid_until)));
    }
    tally
}

/// The numbers of registries, from their status.
pub fn registries<'a>(statuses: impl IntoIterator<Item = Option<&'a ImageRegistryStatus>>) -> Tally {
    let mut tally = Tally::default();
    for status in statuses {
        tally.count(status.and_then(|status| status.conditions.as_deref()));
    }
    tally
}

impl Tally {
    /// Counts an object with these conditions. Returns its reason.
    fn count(&mut self, conditions: Option<&[Condition]>) -> &'static str {
        let is_ready = |condition: &&Condition| condition.kind == RegistryConditionType::Ready.as_str();
        let ready = conditions.unwrap_or_default().iter().find(is_ready);
        let reason = ready.and_then(|ready| ready.reason.as_deref());
        // Whoever may write a status can write any word.
        let known =
            RegistryReason::ALL.iter().map(|known| known.as_str()).find(|known| Some(*known) == reason);
        let reason = known.unwrap_or(NO_REASON);
        *self.by_reason.entry(reason).or_default() += 1;
        reason
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;

    fn status(reason: &str, next: i64, end: i64) -> ImageSecretStatus {
        let time = |second| Timestamp::from_second(second).unwrap().to_string();
        let status: Value = json!({
            "conditions": [
                {"type": "Other", "status": "False", "reason": "Updating"},
                {"type": "Ready", "status": "False", "reason": reason},
            ],
            "nextRotation": time(next),
            "validUntil": time(end),
        });
        serde_json::from_value(status).unwrap()
    }

    /// The reasons with a number, and both other numbers.
    fn counted(
        statuses: &[Option<ImageSecretStatus>],
        now: i64,
    ) -> (Vec<(&'static str, usize)>, usize, usize) {
        let tally = secrets(statuses.iter().map(Option::as_ref), Timestamp::from_second(now).unwrap());
        assert_eq!(tally.by_reason.len(), RegistryReason::ALL.len() + 1);
        let some = tally.by_reason.into_iter().filter(|(_, number)| *number > 0).collect();
        (some, tally.overdue, tally.expired)
    }

    #[test]
    fn secrets_are_overdue_from_their_next_rotation_on_and_expire_at_their_end() {
        let statuses = [Some(status("Synced", 10, 20)), Some(status("FailedSync", 10, 20)), None];
        let reasons = vec![("FailedSync", 1), ("None", 1), ("Synced", 1)];
        assert_eq!(counted(&statuses, 9), (reasons.clone(), 0, 0));
        assert_eq!(counted(&statuses, 10), (reasons.clone(), 2, 0));
        assert_eq!(counted(&statuses, 20), (reasons, 2, 2));
    }

    #[test]
    fn a_secret_without_accounts_is_not_overdue_and_a_word_of_somebody_else_is_no_reason() {
        let statuses = [Some(status("NotAllowed", 10, 20)), Some(status("Anything", 30, 40))];
        assert_eq!(counted(&statuses, 25), (vec![("None", 1), ("NotAllowed", 1)], 0, 0));
    }

    #[test]
    fn registries_are_counted_by_reason() {
        let status = |reason: &str| -> ImageRegistryStatus {
            let ready = json!({"type": "Ready", "status": "False", "reason": reason});
            serde_json::from_value(json!({"conditions": [ready]})).unwrap()
        };
        let [ready, updating] = [status("Synced"), status("Updating")];
        let tally = registries([Some(&ready), Some(&updating), Some(&updating), None]);
        let some: Vec<_> = tally.by_reason.into_iter().filter(|(_, number)| *number > 0).collect();
        assert_eq!(some, [("None", 1), ("Synced", 1), ("Updating", 2)]);
    }
}
