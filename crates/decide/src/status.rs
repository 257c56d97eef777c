//! Statuses, as far as they are all alike.

use api::{Condition, ConditionType};

/// A status with conditions.
pub trait Status: Clone {
    /// The types of its conditions, in the order in which they stand.
    const CONDITIONS: &[ConditionType];

    /// Its conditions.
    fn conditions(&self) -> &[Condition];

    /// Its conditions, to be changed.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;

    /// Sets a condition, in the place of the one of its type.
    fn put(&mut self, condition: Condition) {
        let conditions = self.conditions_mut();
        conditions.retain(|known| known.kind != condition.kind);
        conditions.push(condition);
        let place = |kind: &str| Self::CONDITIONS.iter().position(|known| known.as_str() == kind);
        conditions.sort_by_key(|condition| place(&condition.kind).unwrap_or(usize::MAX));
    }
}
