//! What a status reports that the previous one did not: which changes are worth a write, and which an Event.

use api::{Condition, ConditionType};

use crate::status::Status;

/// How much a status differs from the previous one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Significance {
    /// Nothing.
    Nothing,
    /// A new message for a condition that is still Unknown.
    Words,
    /// Work that is going on has reached another stage.
    Stage,
    /// Work has begun.
    Beginning,
    /// Everything is decided, or something has failed or recovered.
    Result,
}

impl Significance {
    /// Compares a status with the previous one.
    pub fn between<S: Status + PartialEq>(before: &S, after: &S) -> Self {
        if before == after {
            return Self::Nothing;
        }
        let number = |status: &S, word: &str| {
            status.conditions().iter().filter(|condition| condition.status == word).count()
        };
        if number(after, "Unknown") == 0 || number(before, "False") != number(after, "False") {
            return Self::Result;
        }
        if number(before, "Unknown") == 0 {
            return Self::Beginning;
        }
        if without_open_words(before) == without_open_words(after) { Self::Words } else { Self::Stage }
    }
}

fn without_open_words<S: Status>(status: &S) -> S {
    let mut status = status.clone();
    let open = status.conditions_mut().iter_mut().filter(|condition| condition.status == "Unknown");
    for condition in open {
        (condition.reason, condition.message, condition.observed_generation) = (None, None, None);
    }
    status
}

/// The stages that are decided now and were not before. Each is worth an Event, except for a source that is in place
/// from the start.
pub fn transitions<'a, S: Status>(before: &'a S, after: &'a S) -> impl Iterator<Item = &'a Condition> {
    let is_stage = |condition: &&Condition| condition.kind != ConditionType::Ready.as_str();
    after.conditions().iter().filter(is_stage).filter(|condition| {
        let known = before.conditions().iter().find(|known| known.kind == condition.kind);
        match (condition.status.as_str(), known) {
            ("True" | "False", Some(known)) => known.status != condition.status,
            ("True", None) => condition.kind != ConditionType::ConfigurationReady.as_str(),
            ("False", None) => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::function::Status;

    const SOURCE: &str = "ConfigurationReady";

    fn status(conditions: &[(&str, &str, &str)]) -> Status {
        let conditions = conditions.iter().map(|(kind, status, reason)| Condition {
            kind: (*kind).to_owned(),
            status: (*status).to_owned(),
            reason: Some((*reason).to_owned()),
            last_transition_time: None,
            message: None,
            observed_generation: None,
        });
        Status { conditions: conditions.collect(), ..Status::default() }
    }

    #[rstest]
    #[case::nothing(&[("B", "Unknown", "x")], &[("B", "Unknown", "x")], Significance::Nothing, &[])]
    #[case::nothing_yet(&[], &[], Significance::Nothing, &[])]
    #[case::other_words_for_what_is_open(&[("B", "Unknown", "x")], &[("B", "Unknown", "y")], Significance::Words, &[])]
    #[case::begun(&[], &[(SOURCE, "True", "x"), ("B", "Unknown", "y")], Significance::Beginning, &[])]
    #[case::one_stage_over(&[("B", "Unknown", "x")], &[("B", "True", "y"), ("R", "Unknown", "z")], Significance::Stage, &["B"])]
    #[case::open_again(&[("B", "True", "x")], &[("B", "Unknown", "y")], Significance::Beginning, &[])]
    #[case::no_longer_ill(&[("B", "False", "x")], &[("B", "Unknown", "y")], Significance::Result, &[])]
    #[case::all_over(&[("R", "Unknown", "x")], &[("R", "True", "y")], Significance::Result, &["R"])]
    #[case::all_over_at_once(&[], &[(SOURCE, "True", "x"), ("B", "True", "y"), ("R", "True", "z")], Significance::Result, &["B", "R"])]
    #[case::other_words_for_what_is_well(&[("B", "True", "x")], &[("B", "True", "y")], Significance::Result, &[])]
    #[case::ill_from_the_start(&[], &[(SOURCE, "False", "x")], Significance::Result, &[SOURCE])]
    #[case::ill_while_another_goes_on(&[], &[(SOURCE, "False", "x"), ("B", "Unknown", "y")], Significance::Result, &[SOURCE])]
    #[case::well_again(&[(SOURCE, "False", "x")], &[(SOURCE, "True", "y")], Significance::Result, &[SOURCE])]
    fn what_a_status_says(
        #[case] before: &[(&str, &str, &str)],
        #[case] after: &[(&str, &str, &str)],
        #[case] expected: Significance,
        #[case] events: &[&str],
    ) {
        let (before, after) = (status(before), status(after));
        assert_eq!(Significance::between(&before, &after), expected);
        let told: Vec<_> = transitions(&before, &after).map(|condition| condition.kind.as_str()).collect();
        assert_eq!(told, events);
    }
}
