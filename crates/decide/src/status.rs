//! What all statuses have in common: a condition for each stage, and a summary.

use api::{Condition, ConditionType};

/// A status with conditions.
pub trait Status: Clone {
    /// The types of the conditions of its stages, in order.
    const STAGES: &[ConditionType];

    /// Its conditions.
    fn conditions(&self) -> &[Condition];

    /// Its conditions, mutable.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;

    /// The condition of a type.
    fn condition(&self, kind: ConditionType) -> Option<&Condition> {
        self.conditions().iter().find(|condition| condition.kind == kind.as_str())
    }

    /// Sets a condition, in place of the one with the same type. Conditions that are not stages come last.
    fn put(&mut self, condition: Condition) {
        let conditions = self.conditions_mut();
        conditions.retain(|known| known.kind != condition.kind);
        conditions.push(condition);
        let place = |kind: &str| Self::STAGES.iter().position(|known| known.as_str() == kind);
        conditions.sort_by_key(|condition| place(&condition.kind).unwrap_or(usize::MAX));
    }

    /// Sets `Ready`, the summary of the stages; `before` is the previous one.
    fn sum_up(&mut self, before: Option<&Condition>) {
        let stages: Vec<_> = Self::STAGES.iter().filter_map(|kind| self.condition(*kind)).collect();
        if let Some(summary) = summary(&stages, stages.len() == Self::STAGES.len(), before) {
            self.put(summary);
        }
    }
}

/// The summary of stages: False if one is False, True if all are present and True, otherwise Unknown. It takes its
/// reason and message from the first stage that decides it.
fn summary(stages: &[&Condition], is_complete: bool, before: Option<&Condition>) -> Option<Condition> {
    let first = |status: &str| stages.iter().find(|stage| stage.status == status);
    let decisive = first("False").or_else(|| first("Unknown")).or_else(|| stages.last())?;
    let status = if is_complete || decisive.status == "False" { decisive.status.as_str() } else { "Unknown" };
    let unchanged = before.filter(|before| before.status == status);
    // The summary changes only when a stage does, so the last change of a stage is the change of the summary.
    let changed = || stages.iter().filter_map(|stage| stage.last_transition_time.clone()).max();
    Some(Condition {
        kind: ConditionType::Ready.as_str().to_owned(),
        status: status.to_owned(),
        last_transition_time: unchanged.map_or_else(changed, |before| before.last_transition_time.clone()),
        reason: decisive.reason.clone(),
        message: decisive.message.clone(),
        observed_generation: stages.iter().map(|stage| stage.observed_generation).min().flatten(),
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use rstest::rstest;

    use super::*;

    type Stage<'a> = (&'a str, i64, i64);

    /// A stage with its status, the second of its last transition and the generation that was observed.
    fn stage((status, second, generation): Stage<'_>, number: usize) -> Condition {
        Condition {
            kind: number.to_string(),
            status: status.to_owned(),
            last_transition_time: jiff::Timestamp::from_second(second).ok().map(Time),
            reason: Some(format!("Reason{number}")),
            message: Some(format!("message {number}")),
            observed_generation: Some(generation),
        }
    }

    #[rstest]
    #[case::all(&[("True", 1, 2), ("True", 3, 2), ("True", 2, 2)], ("True", 3, 2), 2)]
    #[case::one_still_to_come(&[("True", 1, 2), ("True", 3, 2)], ("Unknown", 3, 2), 1)]
    #[case::one_goes_on(&[("True", 1, 2), ("Unknown", 3, 2), ("True", 2, 1)], ("Unknown", 3, 1), 1)]
    #[case::one_failed(&[("True", 1, 2), ("Unknown", 3, 2), ("False", 2, 2)], ("False", 3, 2), 2)]
    #[case::the_first_that_failed(&[("False", 1, 2), ("False", 3, 1), ("True", 2, 1)], ("False", 3, 1), 0)]
    #[case::failed_at_once(&[("False", 1, 2)], ("False", 1, 2), 0)]
    fn stages_are_summed_up(
        #[case] stages: &[Stage<'_>],
        #[case] expected: Stage<'_>,
        #[case] decisive: usize,
    ) {
        let stages: Vec<_> = stages.iter().enumerate().map(|(number, given)| stage(*given, number)).collect();
        let stages: Vec<_> = stages.iter().collect();
        let expected = Condition { kind: "Ready".to_owned(), ..stage(expected, decisive) };
        assert_eq!(summary(&stages, stages.len() == 3, None), Some(expected.clone()));
        // With an unchanged status, the time stays the same.
        let since = |status: &str| stage((status, 0, 0), 9);
        let unchanged = summary(&stages, stages.len() == 3, Some(&since(&expected.status)));
        assert_eq!(
            unchanged.and_then(|unchanged| unchanged.last_transition_time),
            since("").last_transition_time
        );
        assert_eq!(summary(&stages, stages.len() == 3, Some(&since("other"))), Some(expected));
    }

    #[test]
    fn nothing_is_summed_up_to_nothing() {
        assert_eq!(summary(&[], false, None), None);
    }
}
