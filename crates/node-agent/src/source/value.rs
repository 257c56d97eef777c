//! The value as it is at its source, and how it is handed on.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use policy::container_registries::HiddenText;
use tokio::sync::watch;

use crate::account::SIZE_MAX;
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
    /// It is there, and cannot be read as a text of ours.
    Unusable(Fault),
    /// It is there.
    Text(HiddenText),
}

impl Value {
    /// What a source holds.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        str::from_utf8(bytes).map_or(Self::Unusable(Fault::NotText), |text| Self::Text(HiddenText::new(text)))
    }
}

/// Why what is there is no value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// The controller has not written it.
    Foreign,
    /// It is no text.
    NotText,
    /// It is larger than [`SIZE_MAX`].
    TooLarge,
}

/// What the source does wrong, behind its name.
impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => formatter.write_str(
                "belongs to somebody else: delete it or rename it, so that the controller can write its own",
            ),
            Self::NotText => formatter.write_str("holds a value that is no UTF-8 text"),
            Self::TooLarge => write!(formatter, "holds a value that is larger than {SIZE_MAX} bytes"),
        }
    }
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
