//! Who may be connected when there are many. A new client always gets in: when all seats are taken, the connection that is
//! idle longest gives way, and of connections that are not idle the one that its client has kept waiting longest. A
//! connection that waits for the server is never closed. One address has a share of the seats only, so that it cannot have
//! the connections of others closed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::deadline::Deadline;
use super::metrics::{Evicted, Metrics};
use super::serving::ConnectionLimits;

/// How long to wait for a seat before another look for a connection that can give way, while it is the server's turn on
/// all of them.
const SEAT_WAIT: Duration = Duration::from_millis(20);

/// All seats.
#[derive(Debug)]
pub(super) struct Seats {
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
    free: Arc<Semaphore>,
    total: u32,
    taken: Mutex<Taken>,
}

/// The seats that are taken.
#[derive(Debug, Default)]
struct Taken {
    next: u64,
    connections: HashMap<u64, Arc<Connected>>,
    /// How many connections each address has.
    peers: HashMap<IpAddr, usize>,
}

/// Who has a seat.
#[derive(Debug)]
struct Connected {
    peer: IpAddr,
    deadline: Arc<Deadline>,
    given_away: Notify,
}

/// A seat. It is free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    id: u64,
    connected: Arc<Connected>,
    _permit: OwnedSemaphorePermit,
}

impl Seats {
    pub(super) fn new(limits: ConnectionLimits, metrics: Arc<Metrics>) -> Self {
        let total = u32::try_from(limits.max_connections.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        let free = Arc::new(Semaphore::new(total as usize));
        Self { limits, metrics, free, total, taken: Mutex::default() }
    }

    /// A seat for a new connection. `None` if its address has its share and waits for the server with all of it.
    pub(super) async fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let mut has_given_way = false;
        while self.connections_of(peer) >= self.limits.max_per_peer {
            if !self.make_room(|connected| connected.peer == peer) {
                self.metrics.evicted(Evicted::PeerRefused);
                return None;
            }
            self.metrics.evicted(Evicted::Peer);
            has_given_way = true;
        }
        loop {
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                return Some(self.seat(peer, permit));
            }
            let next = Arc::clone(&self.free).acquire_owned();
            if !has_given_way && self.make_room(|_| true) {
                self.metrics.evicted(Evicted::Full);
                has_given_way = true;
            }
            if has_given_way {
                return next.await.ok().map(|permit| self.seat(peer, permit));
            }
            if let Ok(permit) = timeout(SEAT_WAIT, next).await {
                return permit.ok().map(|permit| self.seat(peer, permit));
            }
        }
    }

    /// Waits until the last connection has ended.
    pub(super) async fn all_are_free(&self) {
        let _ = self.free.acquire_many(self.total).await;
    }

    fn seat(self: &Arc<Self>, peer: IpAddr, permit: OwnedSemaphorePermit) -> Seat {
        let deadline = Arc::new(Deadline::new(self.limits));
        let connected = Arc::new(Connected { peer, deadline, given_away: Notify::new() });
        let mut taken = self.taken();
        let id = taken.next;
        taken.next = taken.next.wrapping_add(1);
        taken.connections.insert(id, Arc::clone(&connected));
        *taken.peers.entry(peer).or_default() += 1;
        Seat { seats: Arc::clone(self), id, connected, _permit: permit }
    }

    /// Has the connection with the least merit give way. Whether there is one.
    fn make_room(&self, may_give_way: impl Fn(&Connected) -> bool) -> bool {
        let mut taken = self.taken();
        let candidates = taken.connections.iter().filter(|(_, connected)| may_give_way(connected));
        let least = candidates
            .filter_map(|(id, connected)| connected.deadline.merit().map(|merit| (merit, *id)))
            .min();
        let Some(connected) = least.and_then(|(_, id)| taken.remove(id)) else { return false };
        connected.given_away.notify_one();
        true
    }

    fn connections_of(&self, peer: IpAddr) -> usize {
        self.taken().peers.get(&peer).copied().unwrap_or_default()
    }

    /// Nothing that could panic is done with the lock held.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn remove(&mut self, id: u64) -> Option<Arc<Connected>> {
        let connected = self.connections.remove(&id)?;
        if let Some(count) = self.peers.get_mut(&connected.peer) {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&connected.peer);
            }
        }
        Some(connected)
    }
}

impl Seat {
    pub(super) fn deadline(&self) -> Arc<Deadline> {
        Arc::clone(&self.connected.deadline)
    }

    /// Waits until the seat is given to another connection.
    pub(super) async fn given_away(&self) {
        self.connected.given_away.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().remove(self.id);
    }
}
