//! What all reconcilers share.

use std::sync::Arc;

use cluster::Writer;
use kube::Client;
use process::lease::Term;

use crate::certificates::Turn;
use crate::metrics::Metrics;

/// What all reconcilers share.
#[derive(Clone)]
pub struct Shared {
    /// The client, for reads.
    pub client: Client,
    /// The term in which this process is the leader: after its end, nothing is written.
    pub term: Term,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The turn to change the authority of the installation.
    pub root_turn: Turn,
}

impl Shared {
    pub(crate) fn writer(&self) -> Writer {
        Writer::new(self.client.clone(), self.term.clone())
    }
}
