//! What a cleanup is asked for.

use std::time::Duration;

/// How many objects one answer of the API server lists.
pub(super) const PAGE: u32 = 500;

/// What to clean up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace whose labelled objects the controller copied.
    pub base_namespace: String,
    /// The namespace of the controller's Lease.
    pub namespace: String,
    /// The name of the controller's Lease.
    pub lease: String,
    /// How long a controller may take to stop.
    pub patience: Duration,
    /// Whether copies stay.
    pub finalizers_only: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
}
