//! Build slots: who builds, and who waits for whom.

use std::collections::BTreeSet;

use crate::queue::{Key, Queue};

/// Who builds and who waits.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// How many there are.
    number: usize,
    queue: Queue,
    /// Jobs that build.
    active: BTreeSet<Key>,
    /// Jobs that were granted a slot and that the watch has not shown yet.
    granted: BTreeSet<Key>,
    /// The most that ever waited.
    peak: usize,
}

impl Slots {
    pub(crate) fn new(number: usize) -> Self {
        Self { number, ..Self::default() }
    }

    /// How many are in front of a Function that wants to start a Job; 0 if it may.
    pub(crate) fn ask(&mut self, function: &Key, job: &str) -> usize {
        let job = (function.0.clone(), job.to_owned());
        if self.granted.contains(&job) {
            return 0;
        }
        let ahead = self.queue.ask(function, self.free());
        if ahead == 0 {
            self.granted.insert(job);
        }
        self.peak = self.peak.max(self.queue.waiting());
        ahead
    }

    /// A Function wants no build, or none any more.
    pub(crate) fn leave(&mut self, function: &Key) {
        self.queue.leave(function);
    }

    /// A Job builds, or does not any more, or was never made: those whose turn it is. Who is gone by then, unnoticed, is
    /// passed over.
    pub(crate) fn job(&mut self, job: &Key, is_building: bool, exists: impl Fn(&Key) -> bool) -> Vec<Key> {
        self.granted.remove(job);
        if is_building {
            self.active.insert(job.clone());
        } else {
            self.active.remove(job);
        }
        loop {
            let next = self.queue.first(self.free());
            let gone: Vec<_> = next.iter().filter(|function| !exists(function)).collect();
            if gone.is_empty() {
                return next;
            }
            for function in gone {
                self.queue.leave(function);
            }
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// The most that ever waited.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// How many build.
    pub(crate) fn building(&self) -> usize {
        self.active.len()
    }

    fn free(&self) -> usize {
        self.number.saturating_sub(self.active.union(&self.granted).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        ("n".to_owned(), name.to_owned())
    }

    #[test]
    fn a_slot_is_taken_from_the_grant_to_the_end_of_the_job() {
        let mut slots = Slots::new(1);
        let all = |_: &Key| true;
        assert_eq!(slots.ask(&key("a"), "job-a"), 0);
        assert_eq!(slots.ask(&key("a"), "job-a"), 0, "it was granted");
        assert_eq!(slots.ask(&key("b"), "job-b"), 1);
        assert_eq!(slots.job(&key("job-a"), true, all), []);
        assert_eq!(slots.ask(&key("c"), "job-c"), 2);
        assert_eq!((slots.waiting(), slots.building(), slots.peak()), (2, 1, 2));
        assert_eq!(slots.job(&key("job-a"), false, all), [key("b")]);
        assert_eq!(slots.ask(&key("b"), "job-b"), 0);
        // Its Job was refused: the next one's turn.
        assert_eq!(slots.job(&key("job-b"), false, all), [key("c")]);
    }

    #[test]
    fn those_that_are_gone_are_not_waited_for() {
        let mut slots = Slots::new(1);
        for (name, ahead) in [("a", 0), ("b", 1), ("c", 2), ("d", 3)] {
            assert_eq!(slots.ask(&key(name), &format!("job-{name}")), ahead);
        }
        slots.leave(&key("b"));
        assert_eq!(slots.ask(&key("d"), "job-d"), 2);
        let without_c = |key: &Key| key.1 != "c";
        assert_eq!(slots.job(&key("job-a"), false, without_c), [key("d")]);
    }
}
