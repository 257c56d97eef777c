//! Objects that the controller makes for another object. It changes those alone that it knows as its own.

use cluster::Intent;
use decide::drift::is_stored;
use decide::plan::Wanted;
use serde_json::Value;

/// Such an object.
pub(crate) struct Owned<'a> {
    pub(crate) wanted: &'a Wanted,
    /// Whether a stored object may be changed.
    pub(crate) is_ours: &'a (dyn Fn(&Value) -> bool + Send + Sync),
}

impl Intent for Owned<'_> {
    fn wanted(&self) -> &Wanted {
        self.wanted
    }

    fn is_ours(&self, stored: &Value) -> bool {
        (self.is_ours)(stored)
    }

    fn is_done(&self, stored: &Value) -> bool {
        is_stored(&self.wanted.object, stored)
    }
}
