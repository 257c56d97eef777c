//! Cached data of an object, found by its namespace.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cache::Cached;

/// Cached data with its namespace.
#[derive(Debug)]
pub struct InNamespace<T> {
    namespace: String,
    /// The cached data.
    pub value: T,
}

impl<T> InNamespace<T> {
    /// `None` for an object without a namespace, or of which nothing is cached.
    pub fn of(metadata: &ObjectMeta, value: impl FnOnce() -> Option<T>) -> Option<Self> {
        Some(Self { namespace: metadata.namespace.clone()?, value: value()? })
    }
}

impl<T: Debug + Send + Sync + 'static> Cached for InNamespace<T> {
    fn group(&self) -> &str {
        &self.namespace
    }
}
