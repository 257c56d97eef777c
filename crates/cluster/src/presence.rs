//! That there is an object, and of which version.

use kube::Resource;

use crate::cache::Cached;

/// That there is an object, and of which version.
#[derive(Debug)]
pub struct Presence {
    namespace: String,
    /// Its version.
    pub version: String,
}

impl Presence {
    /// `None` of an object that no API server has stored in a namespace.
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
