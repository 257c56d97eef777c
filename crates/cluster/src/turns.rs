//! Turns at something scarce: namespaces take turns, so that one that wants much holds up no other.
//!
//! Within a namespace the first to ask is the first to be served. A namespace has only so many turns at once, so that some
//! are left for the others however long its own take. Nothing is kept of a namespace that has no turn and does not wait.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Hands out turns.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// How many turns a namespace has at once.
    per_namespace: usize,
    /// How many more turns there are.
    free: usize,
    /// Those that have a turn or wait for one.
    namespaces: HashMap<String, Namespace>,
    /// The namespaces that wait and may have one more turn: the first is served next.
    rotation: VecDeque<String>,
    /// The ticket that was drawn last.
    last: u64,
}

#[derive(Debug, Default)]
struct Namespace {
    /// How many turns it has.
    active: usize,
    /// Those that wait, by their tickets.
    waiting: BTreeMap<u64, oneshot::Sender<Turn>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    namespace: String,
}

impl Turns {
    /// So many at once, and so many of them for one namespace; at least one each.
    #[must_use]
    pub fn new(total: usize, per_namespace: usize) -> Self {
        let free = total.max(1);
        let state = State {
            per_namespace: per_namespace.clamp(1, free),
            free,
            namespaces: HashMap::new(),
            rotation: VecDeque::new(),
            last: 0,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits for a turn. Whoever stops waiting leaves the line.
    pub async fn take(&self, namespace: &str) -> Turn {
        loop {
            if let Some(turn) = self.try_take(namespace) {
                return turn;
            }
            let (sender, receiver) = oneshot::channel();
            let ticket = self.state().line_up(namespace, sender);
            // Dropped before the receiver: no turn is sent to one that has left.
            let _waiting = Waiting { turns: self, namespace, ticket };
            // A turn may have been given back since.
            self.serve();
            if let Ok(turn) = receiver.await {
                return turn;
            }
        }
    }

    /// A turn, if there is one now.
    #[must_use]
    pub fn try_take(&self, namespace: &str) -> Option<Turn> {
        let mut state = self.state();
        state.may_begin(namespace).then(|| self.begin(&mut state, namespace))
    }

    fn begin(&self, state: &mut State, namespace: &str) -> Turn {
        state.free = state.free.saturating_sub(1);
        state.namespaces.entry(namespace.to_owned()).or_default().active += 1;
        Turn { turns: self.clone(), namespace: namespace.to_owned() }
    }

    /// Serves those that wait, for as long as there are turns.
    fn serve(&self) {
        // Without the lock a turn is sent: one that cannot be sent is dropped, which takes the lock.
        while let Some((sender, turn)) = self.next() {
            drop(sender.send(turn));
        }
    }

    fn next(&self) -> Option<(oneshot::Sender<Turn>, Turn)> {
        let mut state = self.state();
        if state.free == 0 {
            return None;
        }
        let name = state.rotation.pop_front()?;
        let (_, sender) = state.namespaces.get_mut(&name)?.waiting.pop_first()?;
        let turn = self.begin(&mut state, &name);
        state.rotate(&name);
        Some((sender, turn))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether one that comes now has a turn at once. If so, no other waits that might have it.
    fn may_begin(&self, namespace: &str) -> bool {
        let active = self.namespaces.get(namespace).map_or(0, |namespace| namespace.active);
        self.free > 0 && active < self.per_namespace
    }

    fn line_up(&mut self, name: &str, sender: oneshot::Sender<Turn>) -> u64 {
        self.last += 1;
        let namespace = self.namespaces.entry(name.to_owned()).or_default();
        let is_first = namespace.waiting.is_empty();
        namespace.waiting.insert(self.last, sender);
        if is_first {
            self.rotate(name);
        }
        self.last
    }

    /// Puts a namespace that is not in the rotation at its end, if it waits and may have one more turn.
    fn rotate(&mut self, name: &str) {
        let per_namespace = self.per_namespace;
        let may = |namespace: &Namespace| namespace.active < per_namespace && !namespace.waiting.is_empty();
        if self.namespaces.get(name).is_some_and(may) {
            self.rotation.push_back(name.to_owned());
        }
    }

    /// One that has waited leaves, if it still does.
    fn leave(&mut self, name: &str, ticket: u64) {
        let Some(namespace) = self.namespaces.get_mut(name) else { return };
        if namespace.waiting.remove(&ticket).is_some() && namespace.waiting.is_empty() {
            self.rotation.retain(|waiting| waiting != name);
        }
        self.tidy(name);
    }

    fn give_back(&mut self, name: &str) {
        self.free += 1;
        let Some(namespace) = self.namespaces.get_mut(name) else { return };
        let was_full = namespace.active >= self.per_namespace;
        namespace.active = namespace.active.saturating_sub(1);
        // Otherwise it is in the rotation already, or nobody of it waits.
        if was_full {
            self.rotate(name);
        }
        self.tidy(name);
    }

    fn tidy(&mut self, name: &str) {
        let is_idle = |namespace: &Namespace| namespace.active == 0 && namespace.waiting.is_empty();
        if self.namespaces.get(name).is_some_and(is_idle) {
            self.namespaces.remove(name);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.state().give_back(&self.namespace);
        self.turns.serve();
    }
}

/// A place in the line.
struct Waiting<'a> {
    turns: &'a Turns,
    namespace: &'a str,
    ticket: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.state().leave(self.namespace, self.ticket);
    }
}

#[cfg(test)]
mod tests;
