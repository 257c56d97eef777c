//! Who may do what costs much, such as to verify a password by bcrypt: a few at a time, a few more wait, and none of them takes all places.
//!
//! An address and a tenant are sources. Whose sources were served least is next, so whoever sends many logins waits for
//! itself, and others for one verification.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::oneshot;

/// The places, and who has them.
#[derive(Debug)]
pub(crate) struct Queue {
    workers: usize,
    places: usize,
    state: Mutex<State>,
    /// How many wait for their turn.
    waiting: Gauge,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    taken: usize,
    /// Those that have a place.
    sources: HashMap<Source, Load>,
    /// In the order in which places were taken.
    line: Vec<Entry>,
}

/// From where a login comes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Source {
    Address(IpAddr),
    Tenant(String),
}

/// Both sources of a login.
type Sources = [Source; 2];

#[derive(Clone, Copy, Debug, Default)]
struct Load {
    taken: usize,
    running: usize,
    /// How often it was served since it has a place.
    served: u64,
}

#[derive(Debug)]
struct Entry {
    sources: Sources,
    sender: oneshot::Sender<Running>,
}

/// A place in the queue, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    queue: Arc<Queue>,
    sources: Sources,
    /// Until its turn comes.
    waiting: Option<Waiting>,
}

/// Is shown as waiting until it is dropped.
#[derive(Debug)]
struct Waiting(Gauge);

/// A core, given back when it is dropped.
#[derive(Debug)]
struct Running {
    queue: Arc<Queue>,
    sources: Sources,
}

/// A place whose turn it is.
#[derive(Debug)]
pub(crate) struct Turn {
    _running: Running,
    _place: Place,
}

impl Queue {
    pub(crate) fn new(workers: usize, places: usize, waiting: Gauge) -> Self {
        Self { workers, places, state: Mutex::default(), waiting }
    }

    /// A place, unless the queue is full, or half of it belongs to this address or this tenant.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, tenant: &str) -> Option<Place> {
        let sources = [Source::Address(address), Source::Tenant(tenant.to_owned())];
        let mut state = self.state();
        let most = self.places.div_ceil(2);
        let is_greedy = |source| state.load(source).taken >= most;
        if state.taken >= self.places || sources.iter().any(is_greedy) {
            return None;
        }
        state.taken += 1;
        for source in &sources {
            state.sources.entry(source.clone()).or_default().taken += 1;
        }
        self.waiting.inc();
        let waiting = Some(Waiting(self.waiting.clone()));
        Some(Place { queue: Arc::clone(self), sources, waiting })
    }

    /// Gives free cores to those who wait.
    fn serve(self: &Arc<Self>) {
        // Sent without the lock: what cannot be sent is dropped, and that takes the lock.
        while let Some(Entry { sources, sender }) = self.next() {
            drop(sender.send(Running { queue: Arc::clone(self), sources }));
        }
    }

    fn next(&self) -> Option<Entry> {
        let mut state = self.state();
        state.line.retain(|entry| !entry.sender.is_closed());
        if state.running >= self.workers {
            return None;
        }
        // A source leaves a core for the others, if there is more than one.
        let most = self.workers.saturating_sub(1).max(1);
        let may_run = |entry: &Entry| entry.sources.iter().all(|source| state.load(source).running < most);
        let served = |entry: &Entry| entry.sources.iter().map(|source| state.load(source).served).max();
        let waiting = state.line.iter().enumerate().filter(|(_, entry)| may_run(entry));
        // Of those that were served as often, the first.
        let (place, _) = waiting.min_by_key(|(_, entry)| served(entry))?;
        let entry = state.line.remove(place);
        state.running += 1;
        for source in &entry.sources {
            let load = state.sources.entry(source.clone()).or_default();
            (load.running, load.served) = (load.running + 1, load.served + 1);
        }
        Some(entry)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn load(&self, source: &Source) -> Load {
        self.sources.get(source).copied().unwrap_or_default()
    }

    /// Changes the load of sources. One without a place takes no memory.
    fn relieve(&mut self, sources: &Sources, change: impl Fn(&mut Load)) {
        for source in sources {
            let Some(load) = self.sources.get_mut(source) else { continue };
            change(load);
            if load.taken == 0 && load.running == 0 {
                self.sources.remove(source);
            }
        }
    }
}

impl Place {
    /// Waits for its turn.
    pub(crate) async fn wait(mut self) -> Option<Turn> {
        let (sender, receiver) = oneshot::channel();
        self.queue.state().line.push(Entry { sources: self.sources.clone(), sender });
        self.queue.serve();
        // Nobody drops a sender whose receiver waits.
        let running = receiver.await.ok()?;
        self.waiting = None;
        Some(Turn { _running: running, _place: self })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.running = state.running.saturating_sub(1);
        state.relieve(&self.sources, |load| load.running = load.running.saturating_sub(1));
        drop(state);
        self.queue.serve();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.taken = state.taken.saturating_sub(1);
        state.relieve(&self.sources, |load| load.taken = load.taken.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests;
