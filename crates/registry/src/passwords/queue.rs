//! Who may verify a password by bcrypt: a few at a time, a few more wait, and none of them takes all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places, and who has them.
#[derive(Debug)]
pub(super) struct Queue {
    workers: Arc<Semaphore>,
    places: usize,
    taken: Mutex<Taken>,
    /// How many wait for their turn.
    waiting: Gauge,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place in the queue, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    queue: Arc<Queue>,
    address: IpAddr,
    /// Until its turn comes.
    waiting: Option<Waiting>,
}

/// Is shown as waiting until it is dropped.
#[derive(Debug)]
struct Waiting(Gauge);

/// A place whose turn it is.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

impl Queue {
    pub(super) fn new(workers: usize, places: usize, waiting: Gauge) -> Self {
        Self { workers: Arc::new(Semaphore::new(workers)), places, taken: Mutex::default(), waiting }
    }

    /// A place, unless the queue is full, or half of it belongs to this address.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.all >= self.places || own >= self.places.div_ceil(2) {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, own + 1);
        self.waiting.inc();
        let waiting = Some(Waiting(self.waiting.clone()));
        Some(Place { queue: Arc::clone(self), address, waiting })
    }
}

impl Place {
    /// Waits for its turn, in the order in which places were taken.
    pub(super) async fn wait(mut self) -> Option<Turn> {
        // Nobody closes the semaphore.
        let permit = Arc::clone(&self.queue.workers).acquire_owned().await.ok()?;
        self.waiting = None;
        Some(Turn { _permit: permit, _place: self })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.queue.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.by_address.get_mut(&self.address) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn no_address_takes_more_than_half_of_the_places() {
        let waiting = Gauge::default();
        let queue = Arc::new(Queue::new(1, 4, waiting.clone()));
        let own: Vec<_> = (0..2).map(|_| queue.enter(ONE).unwrap()).collect();
        assert!(queue.enter(ONE).is_none());
        let others: Vec<_> = (0..2).map(|_| queue.enter(OTHER).unwrap()).collect();
        assert!(queue.enter([192, 0, 2, 3].into()).is_none());
        drop(own);
        assert!(queue.enter(ONE).is_some());
        assert_eq!(waiting.get(), 2);
        drop(others);
        let taken = queue.taken.lock().unwrap();
        assert_eq!((taken.all, taken.by_address.len(), waiting.get()), (0, 0, 0));
    }

    #[tokio::test]
    async fn turns_are_taken_one_after_the_other() {
        let waiting = Gauge::default();
        let queue = Arc::new(Queue::new(1, 4, waiting.clone()));
        let turn = queue.enter(ONE).unwrap().wait().await;
        assert_eq!(waiting.get(), 0);
        let next = tokio::spawn(queue.enter(OTHER).unwrap().wait());
        tokio::task::yield_now().await;
        assert_eq!((next.is_finished(), waiting.get()), (false, 1));
        drop(turn);
        assert!(next.await.unwrap().is_some());
        assert_eq!(waiting.get(), 0);
    }
}
