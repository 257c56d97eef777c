//! Who builds next: first in, first out within a namespace, and namespaces in turn, so that one with many Functions does not
//! hold up the others.

use std::collections::{BTreeMap, VecDeque};

/// A Function by namespace and name.
pub type Key = (String, String);

/// Those that wait for a build slot.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: BTreeMap<String, VecDeque<String>>,
    /// Namespaces, the one that was served last at the end.
    turn: VecDeque<String>,
}

impl Queue {
    /// Lines up, unless already in line, and tells how many are in front for whom no slot is free; 0: it has left the queue
    /// and may build.
    pub fn ask(&mut self, key: &Key, free: usize) -> usize {
        let (namespace, name) = key;
        let line = self.waiting.entry(namespace.clone()).or_default();
        if !line.contains(name) {
            line.push_back(name.clone());
        }
        if !self.turn.contains(namespace) {
            self.turn.push_back(namespace.clone());
        }
        let place = self.order().iter().position(|waiting| waiting == key).unwrap_or_default();
        if place < free {
            self.leave(key);
            // It was this namespace's turn.
            self.turn.retain(|known| known != namespace);
            if self.waiting.contains_key(namespace) {
                self.turn.push_back(namespace.clone());
            }
            return 0;
        }
        place + 1 - free
    }

    /// Takes a Function out: it is gone, or needs no build any more.
    pub fn leave(&mut self, key: &Key) {
        let (namespace, name) = key;
        if let Some(line) = self.waiting.get_mut(namespace) {
            line.retain(|waiting| waiting != name);
            if line.is_empty() {
                self.waiting.remove(namespace);
                self.turn.retain(|known| known != namespace);
            }
        }
    }

    /// Takes out those that do not fit.
    pub fn retain(&mut self, fits: impl Fn(&Key) -> bool) {
        for key in self.order() {
            if !fits(&key) {
                self.leave(&key);
            }
        }
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All that wait, in the order in which they will be served.
    #[must_use]
    pub fn order(&self) -> Vec<Key> {
        let mut order = Vec::new();
        let longest = self.waiting.values().map(VecDeque::len).max().unwrap_or_default();
        for round in 0..longest {
            for namespace in &self.turn {
                if let Some(name) = self.waiting.get(namespace).and_then(|line| line.get(round)) {
                    order.push((namespace.clone(), name.clone()));
                }
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        let (namespace, name) = text.split_once('/').unwrap_or_default();
        (namespace.to_owned(), name.to_owned())
    }

    fn order(queue: &Queue) -> Vec<String> {
        queue.order().into_iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect()
    }

    #[test]
    fn namespaces_take_turns_and_within_one_the_first_is_first() {
        let mut queue = Queue::default();
        for waiting in ["a/1", "a/2", "a/3", "b/1", "c/1", "b/2"] {
            assert_ne!(queue.ask(&key(waiting), 0), 0);
        }
        assert_eq!(order(&queue), ["a/1", "b/1", "c/1", "a/2", "b/2", "a/3"]);
        assert_eq!(queue.ask(&key("a/3"), 0), 6);
        assert_eq!(queue.ask(&key("a/3"), 2), 4);
        assert_eq!(queue.ask(&key("a/1"), 1), 0);
        assert_eq!(order(&queue), ["b/1", "c/1", "a/2", "b/2", "a/3"]);
        // Asking again changes nothing.
        assert_eq!(queue.ask(&key("a/2"), 0), 3);
        queue.leave(&key("c/1"));
        assert_eq!(order(&queue), ["b/1", "a/2", "b/2", "a/3"]);
        queue.retain(|(namespace, _)| namespace == "a");
        assert_eq!(order(&queue), ["a/2", "a/3"]);
    }

    #[test]
    fn as_many_as_there_are_slots_build_at_once() {
        let mut queue = Queue::default();
        for waiting in ["a/1", "a/2", "b/1"] {
            queue.ask(&key(waiting), 0);
        }
        assert_eq!(queue.ask(&key("b/1"), 2), 0);
        assert_eq!(queue.ask(&key("a/2"), 1), 1);
        assert_eq!(queue.ask(&key("a/1"), 1), 0);
        assert_eq!(queue.ask(&key("a/2"), 1), 0);
        assert_eq!(order(&queue), [""; 0]);
    }
}
