//! Turns for a scarce resource: namespaces alternate, so that one with many requests does not hold up the others.
//!
//! Within a namespace, requests are served in their order. The turns of a namespace are limited, so that some are left
//! for the others however long its own take. A namespace without a turn or a waiting request takes no memory.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Hands out turns.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// How many turns a namespace may have at once.
    per_namespace: usize,
    /// How many turns are free.
    free: usize,
    /// Namespaces that have a turn or wait for one.
    namespaces: HashMap<String, Namespace>,
    /// The namespaces that wait and may have another turn: the first is served next.
    rotation: VecDeque<String>,
    /// The last ticket that was given out.
    last: u64,
}

#[derive(Debug, Default)]
struct Namespace {
    /// How many turns it has.
    active: usize,
    /// Waiting requests, by their tickets.
    waiting: BTreeMap<u64, oneshot::Sender<Turn>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    namespace: String,
}

impl Turns {
    /// `total` turns at once, at most `per_namespace` of them for one namespace; at least one each.
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

    /// Waits for a turn. Dropping the future gives up the place in the line.
    pub async fn take(&self, namespace: &str) -> Turn {
        loop {
            if let Some(turn) = self.try_take(namespace) {
                return turn;
            }
            let (sender, receiver) = oneshot::channel();
            let ticket = self.state().line_up(namespace, sender);
            // Dropped before the receiver, so that no turn is sent to a request that was given up.
            let _waiting = Waiting { turns: self, namespace, ticket };
            // A turn may have been returned since.
            self.serve();
            if let Ok(turn) = receiver.await {
                return turn;
            }
        }
    }

    /// A turn, if one is free now.
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

    /// Serves waiting requests while turns are free.
    fn serve(&self) {
        // The turn is sent without the lock: if it cannot be sent it is dropped, and dropping it takes the lock.
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
    /// Whether a new request gets a turn at once. If so, no waiting request could use it.
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

    /// Puts a namespace at the end of the rotation, if it is not in it, has a waiting request and may have another
    /// turn.
    fn rotate(&mut self, name: &str) {
        let per_namespace = self.per_namespace;
        let may = |namespace: &Namespace| namespace.active < per_namespace && !namespace.waiting.is_empty();
        if self.namespaces.get(name).is_some_and(may) {
            self.rotation.push_back(name.to_owned());
        }
    }

    /// Removes a waiting request, if it still waits.
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
        // Otherwise it is in the rotation already, or none of its requests wait.
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
