//! What the cluster holds of a registry.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;

use super::certificates::{AuthoritySecret, Life, Rollover, ServerSecret, Step};
use crate::Kind;

/// A Secret that the controller makes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Own<T> {
    /// There is none.
    #[default]
    Missing,
    /// One of somebody else has the name.
    Foreign,
    /// It is ours, with what it holds.
    Stored(T),
}

/// What is next for an authority.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Next {
    /// The step that is due.
    pub step: Option<Step>,
    /// When to look again.
    pub wake: Option<SystemTime>,
}

impl Own<AuthoritySecret> {
    /// What is next; `None` if the Secret is not ours.
    #[must_use]
    pub fn next(&self, rollover: impl Fn(&AuthoritySecret) -> Rollover, now: SystemTime) -> Option<Next> {
        let nothing = AuthoritySecret::default();
        let held = match self {
            Self::Foreign => return None,
            Self::Missing => &nothing,
            Self::Stored(held) => held,
        };
        let rollover = rollover(held);
        Some(Next { step: held.step(rollover, now), wake: held.wake(rollover) })
    }
}

/// A Secret that somebody else writes: cert-manager, or whoever is named in the registry.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GivenSecret {
    /// Its certificate; `None` if there is none, or the key does not belong to it.
    pub certificate: Option<Life>,
    /// Whether it may sign certificates.
    pub is_authority: bool,
}

/// A Secret with a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Certified<T> {
    /// The controller makes it.
    Own(Own<T>),
    /// Somebody else does; `None` if there is none.
    Given(Option<GivenSecret>),
}

impl<T> Default for Certified<T> {
    fn default() -> Self {
        Self::Own(Own::Missing)
    }
}

/// What the cluster holds of a registry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The authority of the installation. It is asked for only if it signs the certificate of the registry.
    pub root: Own<AuthoritySecret>,
    /// The certificate of the registry.
    pub tls: Certified<ServerSecret>,
    /// The token authority.
    pub tokens: Certified<AuthoritySecret>,
    /// The token authorities that are trusted, in PEM.
    pub trusted: String,
    /// The keys that replicas share: whether all are there.
    pub keys: Own<bool>,
    /// The `ConfigMap` of rules that the registry names, if it is there.
    pub rules: Option<BTreeMap<String, String>>,
    /// Its objects that are stored, by kind and name.
    pub stored: BTreeMap<(Kind, String), Value>,
}

/// How the rollout of the Pods goes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rollout {
    /// How many Pods are asked for.
    pub asked: i64,
    /// How many of them are as they are wanted.
    pub updated: i64,
    /// How many of them serve.
    pub ready: i64,
    /// Whether the `StatefulSet` controller has seen the last change.
    pub is_observed: bool,
}

impl Rollout {
    /// Of a stored `StatefulSet`.
    #[must_use]
    pub fn of(stored: &Value) -> Self {
        let number = |path: &str| stored.pointer(path).and_then(Value::as_i64).unwrap_or_default();
        let asked = number("/spec/replicas");
        Self {
            asked,
            updated: number("/status/updatedReplicas").min(asked),
            ready: number("/status/readyReplicas").min(asked),
            is_observed: number("/status/observedGeneration") >= number("/metadata/generation").max(1),
        }
    }

    /// Whether all Pods are as they are wanted, and serve.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.is_observed && self.updated == self.asked && self.ready == self.asked
    }
}
