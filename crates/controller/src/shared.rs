//! What all reconcilers share.

use std::sync::Arc;

use cluster::Writer;
use kube::Client;
use process::lease::Term;

use crate::metrics::Metrics;

/// What all reconcilers share.
#[derive(Clone)]
pub struct Shared {
    /// Reads.
    pub client: Client,
    /// For how long this process leads: nothing is written afterwards.
    pub term: Term,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Shared {
    pub(crate) fn writer(&self) -> Writer {
        Writer::new(self.client.clone(), self.term.clone())
    }
}
