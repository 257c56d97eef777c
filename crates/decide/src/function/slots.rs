//! Build slots: who builds, and who waits for whom. A namespace never gets more than its share, even if nobody else
//! waits: its builds could take hours.

use std::collections::BTreeMap;

use super::queue::Queue;
use crate::Key;

/// Who builds and who waits.
#[derive(Debug, Default)]
pub struct Slots {
    /// The number of slots.
    number: usize,
    /// How many of them one namespace may use.
    share: usize,
    queue: Queue,
    /// Running build Jobs, with the Function of each.
    active: BTreeMap<Key, Key>,
    /// Jobs that have a slot but are not in the watch yet, with the Function of each.
    granted: BTreeMap<Key, Key>,
    /// The highest number of waiting Functions so far.
    peak: usize,
}

impl Slots {
    /// `number` slots, at most `share` of them for one namespace.
    #[must_use]
    pub fn new(number: usize, share: usize) -> Self {
        Self { number, share, ..Self::default() }
    }

    /// How many Functions are in front of one that wants to start a Job; 0 if it may start.
    pub fn ask(&mut self, function: &Key, job: &str) -> usize {
        let job = (function.0.clone(), job.to_owned());
        if self.granted.contains_key(&job) {
            return 0;
        }
        let taken = self.taken();
        let ahead = self.queue.ask(function, self.free(&taken), room(&taken, self.share));
        if ahead == 0 {
            self.granted.insert(job, function.clone());
        }
        self.peak = self.peak.max(self.queue.waiting());
        ahead
    }

    /// A Function wants no build any more. Returns the Functions whose turn it is: this one may have been called and
    /// not have come, and nobody else is called for the slot that was reserved for it.
    pub fn leave(&mut self, function: &Key, exists: impl Fn(&Key) -> bool) -> Vec<Key> {
        if self.queue.leave(function) { self.next(exists) } else { Vec::new() }
    }

    /// A Job builds for a Function, or has stopped, or was never created. Returns the Functions whose turn it is. A
    /// Function that has been deleted unnoticed is skipped.
    pub fn job(&mut self, job: &Key, function: Option<&Key>, exists: impl Fn(&Key) -> bool) -> Vec<Key> {
        self.granted.remove(job);
        match function {
            Some(function) => self.active.insert(job.clone(), function.clone()),
            None => self.active.remove(job),
        };
        self.next(exists)
    }

    /// A Function is deleted, and Jobs that claim to build for it no longer occupy slots. Returns the Functions whose
    /// turn it is.
    pub fn gone(&mut self, function: &Key, exists: impl Fn(&Key) -> bool) -> Vec<Key> {
        let was_waiting = self.queue.leave(function);
        let before = self.free(&self.taken());
        self.active.retain(|_, of| of != function);
        self.granted.retain(|_, of| of != function);
        if was_waiting || self.free(&self.taken()) != before { self.next(exists) } else { Vec::new() }
    }

    fn next(&mut self, exists: impl Fn(&Key) -> bool) -> Vec<Key> {
        loop {
            let taken = self.taken();
            let next = self.queue.first(self.free(&taken), room(&taken, self.share));
            let gone: Vec<_> = next.iter().filter(|function| !exists(function)).collect();
            if gone.is_empty() {
                return next;
            }
            for function in gone {
                self.queue.leave(function);
            }
        }
    }

    /// The number of waiting Functions.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// The highest number of waiting Functions so far.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// The number of builds.
    #[must_use]
    pub fn building(&self) -> usize {
        self.active.len()
    }

    /// The number of free slots. Jobs that a tenant creates besides the granted ones take nothing from other
    /// namespaces.
    fn free(&self, taken: &BTreeMap<String, usize>) -> usize {
        let taken = taken.values().map(|jobs| (*jobs).min(self.share));
        self.number.saturating_sub(taken.sum())
    }

    /// Jobs that have a slot.
    fn jobs(&self) -> impl Iterator<Item = &Key> {
        self.active.keys().chain(self.granted.keys().filter(|job| !self.active.contains_key(*job)))
    }

    /// The number of running builds of each namespace.
    fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        for (namespace, _) in self.jobs() {
            *taken.entry(namespace.clone()).or_default() += 1;
        }
        taken
    }
}

/// How many more slots a namespace may use.
fn room(taken: &BTreeMap<String, usize>, share: usize) -> impl Fn(&str) -> usize {
    move |namespace| share.saturating_sub(taken.get(namespace).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        ("n".to_owned(), name.to_owned())
    }

    #[test]
    fn a_slot_is_taken_from_the_grant_to_the_end_of_the_job() {
        let mut slots = Slots::new(1, 1);
        let all = |_: &Key| true;
        assert_eq!(slots.ask(&key("a"), "job-a"), 0);
        assert_eq!(slots.ask(&key("a"), "job-a"), 0, "it was granted");
        assert_eq!(slots.ask(&key("b"), "job-b"), 1);
        assert_eq!(slots.job(&key("job-a"), Some(&key("f")), all), []);
        assert_eq!(slots.ask(&key("c"), "job-c"), 2);
        assert_eq!((slots.waiting(), slots.building(), slots.peak()), (2, 1, 2));
        assert_eq!(slots.job(&key("job-a"), None, all), [key("b")]);
        assert_eq!(slots.ask(&key("b"), "job-b"), 0);
        // Its Job was refused: it is the next Function's turn.
        assert_eq!(slots.job(&key("job-b"), None, all), [key("c")]);
    }

    #[test]
    fn a_namespace_has_no_more_than_its_share() {
        let mut slots = Slots::new(3, 2);
        let of = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        let all = |_: &Key| true;
        assert_eq!(slots.ask(&of("a", "1"), "job-1"), 0);
        assert_eq!(slots.ask(&of("a", "2"), "job-2"), 0);
        assert_eq!(slots.ask(&of("a", "3"), "job-3"), 1, "a slot is free, and not for this namespace");
        assert_eq!(slots.ask(&of("b", "1"), "job-1"), 0);
        assert_eq!(slots.ask(&of("b", "2"), "job-2"), 1);
        // A build of the other namespace ends.
        assert_eq!(slots.job(&of("b", "job-1"), None, all), [of("b", "2")]);
        assert_eq!(slots.job(&of("a", "job-1"), None, all), [of("a", "3"), of("b", "2")]);
    }

    #[test]
    fn jobs_beyond_the_share_of_their_namespace_take_nothing_from_others() {
        let mut slots = Slots::new(3, 2);
        let of = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        let all = |_: &Key| true;
        for number in 0..9 {
            slots.job(&of("a", &format!("forged-{number}")), Some(&of("a", "f")), all);
        }
        assert_eq!(slots.ask(&of("a", "g"), "job"), 1);
        assert_eq!(slots.ask(&of("b", "f"), "job"), 0);
        assert_eq!(slots.ask(&of("c", "f"), "job"), 1);
        assert_eq!(slots.job(&of("b", "job"), None, all), [of("c", "f")]);
    }

    #[test]
    fn jobs_of_a_function_that_is_gone_take_up_nothing() {
        let mut slots = Slots::new(1, 1);
        let all = |_: &Key| true;
        slots.job(&key("job-a"), Some(&key("a")), all);
        assert_eq!(slots.ask(&key("b"), "job-b"), 1);
        assert_eq!(slots.gone(&key("a"), all), [key("b")]);
        assert_eq!(slots.gone(&key("a"), all), []);
        // A Job that the watch has not shown yet does not, either.
        assert_eq!(slots.ask(&key("b"), "job-b"), 0);
        assert_eq!(slots.ask(&key("c"), "job-c"), 1);
        assert_eq!(slots.gone(&key("b"), all), [key("c")]);
    }

    #[test]
    fn those_that_are_gone_are_not_waited_for() {
        let mut slots = Slots::new(1, 1);
        for (name, ahead) in [("a", 0), ("b", 1), ("c", 2), ("d", 3)] {
            assert_eq!(slots.ask(&key(name), &format!("job-{name}")), ahead);
        }
        assert_eq!(slots.leave(&key("b"), |_| true), [], "no slot is free");
        assert_eq!(slots.ask(&key("d"), "job-d"), 2);
        let without_c = |key: &Key| key.1 != "c";
        assert_eq!(slots.job(&key("job-a"), None, without_c), [key("d")]);
    }

    /// Otherwise a free slot would wait for a Function that does not want it, and all others until their next
    /// reconcile.
    #[test]
    fn whoever_is_called_and_wants_no_build_any_more_passes_the_turn_on() {
        let all = |_: &Key| true;
        for is_gone in [false, true] {
            let mut slots = Slots::new(1, 1);
            for (name, ahead) in [("a", 0), ("b", 1), ("c", 2)] {
                assert_eq!(slots.ask(&key(name), &format!("job-{name}")), ahead);
            }
            assert_eq!(slots.job(&key("job-a"), None, all), [key("b")]);
            let leave = |slots: &mut Slots| {
                if is_gone { slots.gone(&key("b"), all) } else { slots.leave(&key("b"), all) }
            };
            assert_eq!(leave(&mut slots), [key("c")]);
            assert_eq!(leave(&mut slots), [], "it did not wait");
            assert_eq!(slots.ask(&key("c"), "job-c"), 0);
        }
    }
}
