//! Who builds next: first in, first out within a namespace, and namespaces in turn, so that one with many Functions does not
//! hold up the others.

use std::collections::{BTreeMap, VecDeque};

/// A Function by namespace and name.
pub type Key = (String, String);

/// Those that wait for a build slot.
#[derive(Debug, Default)]
pub struct Queue {
    /// Functions by namespace.
    lines: BTreeMap<String, VecDeque<Key>>,
    /// Namespaces, the one that was served last at the end.
    turn: VecDeque<String>,
}

impl Queue {
    /// Lines up, unless already in line, and tells how many are in front for whom no slot is free; 0: it has left the queue
    /// and may build.
    pub fn ask(&mut self, key: &Key, free: usize) -> usize {
        let (namespace, _) = key;
        let line = self.lines.entry(namespace.clone()).or_default();
        if !line.contains(key) {
            line.push_back(key.clone());
        }
        if !self.turn.contains(namespace) {
            self.turn.push_back(namespace.clone());
        }
        let place = self.order().position(|waiting| waiting == key).unwrap_or_default();
        if place < free {
            self.leave(key);
            // It was this namespace's turn.
            self.turn.retain(|known| known != namespace);
            if self.lines.contains_key(namespace) {
                self.turn.push_back(namespace.clone());
            }
            return 0;
        }
        place + 1 - free
    }

    /// Takes a Function out: it is gone, or needs no build any more.
    pub fn leave(&mut self, key: &Key) {
        let (namespace, _) = key;
        if let Some(line) = self.lines.get_mut(namespace) {
            line.retain(|waiting| waiting != key);
            if line.is_empty() {
                self.lines.remove(namespace);
                self.turn.retain(|known| known != namespace);
            }
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lines.values().map(VecDeque::len).sum()
    }

    /// All that wait, in the order in which they will be served.
    pub fn order(&self) -> impl Iterator<Item = &Key> {
        let longest = self.lines.values().map(VecDeque::len).max().unwrap_or_default();
        (0..longest).flat_map(move |round| {
            let lines = self.turn.iter().filter_map(|namespace| self.lines.get(namespace));
            lines.filter_map(move |line| line.get(round))
        })
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
        queue.order().map(|(namespace, name)| format!("{namespace}/{name}")).collect()
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
        for gone in ["b/1", "b/2", "c/1"] {
            queue.leave(&key(gone));
        }
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
