//! Objects that the controller makes for another object. It changes those alone that it knows as its own.

use cluster::Intent;
use decide::Kind;
use decide::drift::{is_marked, is_stored};
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

    /// A `StatefulSet` that image-registry-operator has made for the same `ImageRegistry`: some of its fields cannot change, and
    /// its containers would stay beside ours.
    fn must_be_remade(&self, stored: &Value) -> bool {
        self.wanted.kind == Kind::StatefulSet && !is_marked(stored)
    }
}
