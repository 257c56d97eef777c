//! What is counted of requests that were turned away.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Why a request was turned away unread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shed {
    /// Too many requests were in work.
    InFlight,
    /// Too much memory was taken by bodies.
    BodyMemory,
    /// The time that the client gave had passed.
    Deadline,
}

/// A counter for each reason.
#[derive(Debug)]
pub(super) struct ShedRequests {
    in_flight: Counter,
    body_memory: Counter,
    deadline: Counter,
}

impl ShedRequests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let shed = Family::<[(&'static str, &'static str); 1], Counter>::default();
        registry.register("requests_shed", "Requests rejected before they were read", shed.clone());
        Self {
            in_flight: shed.get_or_create_owned(&[("reason", "in_flight")]),
            body_memory: shed.get_or_create_owned(&[("reason", "body_memory")]),
            deadline: shed.get_or_create_owned(&[("reason", "deadline")]),
        }
    }

    pub(super) fn count(&self, reason: Shed) {
        match reason {
            Shed::InFlight => self.in_flight.inc(),
            Shed::BodyMemory => self.body_memory.inc(),
            Shed::Deadline => self.deadline.inc(),
        };
    }
}
