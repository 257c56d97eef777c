//! What the reconciler of registries has at hand.

use std::sync::Arc;

use cluster::{Failures, Writer};
use decide::registry::instance::Config;

use crate::certificates::Root;
use crate::metrics::Metrics;

/// The reconciler.
pub(super) struct ImageRegistries {
    pub(super) config: Config,
    /// The namespace of the controller, which has the authority of the installation.
    pub(super) namespace: String,
    pub(super) root: Root,
    pub(super) writer: Writer,
    pub(super) metrics: Arc<Metrics>,
    pub(super) failures: Failures,
}
