//! The fact that an object exists, with its version.

use kube::Resource;

use crate::cache::Cached;

/// The fact that an object exists, with its version.
#[derive(Debug)]
pub struct Presence {
    namespace: String,
    /// Its resource version.
    pub version: String,
}

impl Presence {
    /// `None` for an object that no API server has stored in a namespace.
    pub fn of<K: Resource>(object: &K) -> Option<Self> {
        let meta = object.meta();
        Some(Self { namespace: meta.namespace.clone()?, version: meta.resource_version.clone()? })
    }
}

impl Cached for Presence {
    fn group(&self) -> &str {
        &self.namespace
    }
}
