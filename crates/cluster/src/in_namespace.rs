//! What is cached of an object, found by its namespace.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cache::Cached;

/// Something, by its namespace.
#[derive(Debug)]
pub struct InNamespace<T> {
    namespace: String,
    /// What is cached.
    pub value: T,
}

impl<T> InNamespace<T> {
    /// `None` of an object that is in no namespace, or of which nothing is cached.
    pub fn of(metadata: &ObjectMeta, value: impl FnOnce() -> Option<T>) -> Option<Self> {
        Some(Self { namespace: metadata.namespace.clone()?, value: value()? })
    }
}

impl<T: Debug + Send + Sync + 'static> Cached for InNamespace<T> {
    fn group(&self) -> &str {
        &self.namespace
    }
}
