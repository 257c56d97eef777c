//! The value as it is at its source, and how it is handed on.

use std::sync::Arc;
use std::time::Instant;

use policy::container_registries::HiddenText;
use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::status::Status;

/// The value as it is at its source.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Value {
    /// The source has not been read yet.
    #[default]
    Unread,
    /// It is not there.
    Missing,
    /// It is there.
    Text(HiddenText),
}

/// Where a source hands its newest value on.
#[derive(Debug)]
pub(super) struct Newest {
    values: watch::Sender<Value>,
    metrics: Arc<Metrics>,
    status: Status,
}

impl Newest {
    /// Nothing has been read yet.
    pub(super) fn new(metrics: Arc<Metrics>, status: Status) -> (Self, watch::Receiver<Value>) {
        let (values, newest) = watch::channel(Value::Unread);
        (Self { values, metrics, status }, newest)
    }

    /// Hands a value on if it is another one.
    pub(super) fn hand_on(&self, value: Value) {
        self.heard();
        self.values.send_if_modified(|known| {
            let is_new = *known != value;
            *known = value;
            is_new
        });
    }

    /// The source is there, and its value is the one that was handed on.
    pub(super) fn heard(&self) {
        self.status.heard(Instant::now());
        self.metrics.source_read();
    }

    /// The source could not be read.
    pub(super) fn failed(&self) {
        self.metrics.source_failed();
    }
}
