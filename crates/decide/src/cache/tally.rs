//! How many caches are in which state: what the metrics of the controller show.

use std::collections::BTreeMap;

use api::cache::{CacheConditionType, CacheReason, RegistryCacheStatus};

/// What is shown for a cache without the condition: it is new.
pub const NO_REASON: &str = "None";

/// Numbers of caches by the reason of a condition; each reason is there.
pub type ByReason = BTreeMap<&'static str, usize>;

/// The numbers of caches by the reason of a condition.
pub fn caches<'a>(
    statuses: impl IntoIterator<Item = Option<&'a RegistryCacheStatus>>,
    kind: CacheConditionType,
) -> ByReason {
    let reasons = || CacheReason::ALL.iter().map(|reason| reason.as_str()).chain([NO_REASON]);
    let mut numbers: ByReason = reasons().map(|reason| (reason, 0)).collect();
    for status in statuses {
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let condition = conditions.iter().find(|condition| condition.kind == kind.as_str());
        let reason = condition.and_then(|condition| condition.reason.as_deref());
        let reason = reasons().find(|known| Some(*known) == reason).unwrap_or(NO_REASON);
        *numbers.entry(reason).or_default() += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn caches_are_counted_by_their_reasons() {
        let status = |reason: &str| -> RegistryCacheStatus {
            let condition = json!({"type": "CredentialsValid", "status": "False", "reason": reason});
            serde_json::from_value(json!({"conditions": [condition]})).unwrap()
        };
        let statuses = [status("CredentialsMissing"), status("CredentialsMissing"), status("Later")];
        let statuses = statuses.iter().map(Some).chain([None]);
        let numbers = caches(statuses, CacheConditionType::CredentialsValid);
        let found: Vec<_> = numbers.iter().filter(|(_, number)| **number > 0).collect();
        assert_eq!(found, [(&"CredentialsMissing", &2), (&"None", &2)]);
        assert_eq!(numbers.len(), CacheReason::ALL.len() + 1);
    }
}
