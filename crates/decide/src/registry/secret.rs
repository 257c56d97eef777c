//! The `ImagePushSecret` and the `ImagePullSecret`: from what is observed to the next account, the Secret, the accounts to
//! delete and the status.
//!
//! One write at a time changes what a consumer can log in with: [`Plan::next`] is done, and then everything is decided
//! again. So a crash after any write leaves a state that is decided like all others.

pub mod account;
pub mod allowed;
pub mod data;
mod leftover;
mod object;
mod observed;
mod request;
mod status;
pub mod stored;

use std::cmp::Reverse;
use std::time::Duration;

use api::registry::{ImageSecretStatus, RegistryReason};
use jiff::Timestamp;

use super::rotation;
use crate::Key;
use account::OwnAccount;
pub use data::Authority;
use data::Target;
pub use leftover::Leftover;
pub use observed::{Observed, Registry};
pub use request::{Defaults, ImageSecret, Request};
pub use status::failed;
use stored::Stored;

/// How many accounts of a secret there may be: the newest ones stay. Without requests for a rotation there are three at
/// most.
const ACCOUNTS_MAX: usize = 5;
/// When a Secret of somebody else is looked at again.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// What is still to do before the credentials are as they should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// Replace the account.
    Rotate(rotation::Next),
    /// Write the Secret with the credentials that it has.
    Rewrite,
}

/// What to do for a push or pull secret, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Delete these accounts.
    pub deletions: Vec<Key>,
    /// Do this, then decide again.
    pub next: Option<Next>,
    /// If there is nothing to do before: Secrets of names that it had before, which are deleted.
    pub leftovers: Vec<String>,
    /// Then: the status.
    pub status: ImageSecretStatus,
    /// Why there are no valid credentials, if the previous status does not say so.
    pub failure: Option<String>,
    /// When to look again, if nothing changes before.
    pub wake: Option<Duration>,
}

impl Request {
    /// What the Secret should be for, or why there is none.
    fn target<'a>(&self, observed: &Observed<'a>) -> Result<Target<'a>, (RegistryReason, String)> {
        let (namespace, name) = &self.registry;
        let unavailable =
            |what| (RegistryReason::RegistryUnavailable, format!("ImageRegistry {namespace}/{name} {what}"));
        let registry = observed.registry.ok_or_else(|| unavailable("does not exist"))?;
        let hostname = registry.hostname.clone().ok_or_else(|| unavailable("has no hostname yet"))?;
        if !allowed::is_allowed(self, registry.allowed.as_ref(), observed.labels) {
            let access = self.access.as_str();
            let message = format!(
                "ImageRegistry {namespace}/{name} does not allow {access} secrets in namespace {}: spec.auth.allowedNamespaces.{access} of the registry must select the namespace",
                self.namespace
            );
            return Err((RegistryReason::NotAllowed, message));
        }
        if matches!(observed.stored, Stored::Foreign) {
            let remedy = if self.for_functions {
                "delete it, or remove forFunctions"
            } else {
                "delete it, or choose another name as secretName"
            };
            let message =
                format!("Secret {} belongs to somebody else and stays as it is: {remedy}", self.secret);
            return Err((RegistryReason::NameConflict, message));
        }
        let prefix = self.for_functions.then(|| {
            if registry.is_per_namespace {
                format!("{hostname}/{}", self.namespace)
            } else {
                hostname.clone()
            }
        });
        Ok(Target { access: self.access, hostname, registry_address: prefix, authority: observed.authority })
    }

    /// What to do at a time.
    #[must_use]
    pub fn decide(&self, observed: &Observed<'_>, now: Timestamp) -> Plan {
        match self.target(observed) {
            Ok(target) => self.proceed(observed, &target, now),
            Err((reason, message)) => self.stay(observed, reason, message, now),
        }
    }

    /// There is a registry, so there are credentials.
    fn proceed(&self, observed: &Observed<'_>, target: &Target<'_>, now: Timestamp) -> Plan {
        let rotation = self.rotation(observed, now);
        let unneeded = rotation.orphans.iter().chain(&rotation.outlived);
        let mut plan = Plan {
            deletions: unneeded.map(|number| self.account_key(*number)).collect(),
            next: rotation.next.map(Next::Rotate),
            leftovers: Vec::new(),
            status: observed.status.cloned().unwrap_or_default(),
            failure: None,
            wake: None,
        };
        let (None, Some(valid_until), Some(due)) = (plan.next, rotation.valid_until, rotation.due) else {
            return plan;
        };
        if let Stored::Own(secret) = observed.stored
            && !secret.is_as(self, target)
        {
            plan.next = Some(Next::Rewrite);
            return plan;
        }
        let stored = observed.stored_number();
        let current = stored.and_then(|number| self.accounts_here(observed).find(|own| own.number == number));
        plan.deletions.extend(self.superseded(observed, stored));
        if let Some(current) = current {
            plan.status = status::ready(self, plan.status, current, (valid_until, due), now);
        }
        plan.leftovers = observed.leftovers.iter().map(|leftover| leftover.name.clone()).collect();
        let wake = rotation.outlives.map_or(due, |outlives| outlives.min(due));
        plan.wake = Duration::try_from(wake.duration_since(now)).ok();
        plan
    }

    /// There is no registry for it: what consumers have stays valid as long as it is, unless the registry refuses it.
    fn stay(&self, observed: &Observed<'_>, reason: RegistryReason, message: String, now: Timestamp) -> Plan {
        let deletions = match reason {
            // Those of a registry before it end by themselves: consumers may still use them.
            RegistryReason::NotAllowed => self.accounts_here(observed).map(OwnAccount::key).collect(),
            // Somebody else took the name after the account was created.
            RegistryReason::NameConflict => {
                let orphans = self.rotation(&Observed { held: None, ..observed.clone() }, now).orphans;
                orphans.into_iter().map(|number| self.account_key(number)).collect()
            }
            _ => Vec::new(),
        };
        let before = observed.status.cloned().unwrap_or_default();
        let (status, is_new) = status::failed(before, self.generation, reason, message.clone(), now);
        let wake = (reason == RegistryReason::NameConflict).then_some(LOOK_AGAIN);
        // Whoever creates a registry together with its secrets has to wait, and nothing has failed.
        let is_starting = reason == RegistryReason::RegistryUnavailable
            && observed.registry.is_some()
            && observed.stored_number().is_none();
        let failure = (is_new && !is_starting).then_some(message);
        Plan { deletions, next: None, leftovers: Vec::new(), status, failure, wake }
    }

    fn rotation(&self, observed: &Observed<'_>, now: Timestamp) -> rotation::Rotation {
        let own = self.accounts_here(observed);
        let accounts =
            own.map(|own| rotation::Account { number: own.number, created: own.created, ttl: own.ttl });
        let observed = rotation::Observed {
            uid: self.uid.clone(),
            accounts: accounts.collect(),
            stored: observed.stored_number(),
            held: self.held_number(observed),
            rotation: self.named(observed),
            requested: self.requested.clone(),
            followed: observed.stored.own().and_then(|secret| secret.followed.clone()),
        };
        observed.decide(self.lifetimes, now)
    }

    /// The highest number that the status names, or a Secret of an earlier name, which consumers may still read.
    fn named(&self, observed: &Observed<'_>) -> u64 {
        let is_known = |number: &u64| self.accounts_here(observed).any(|own| own.number == *number);
        let numbers = observed.leftovers.iter().filter_map(|leftover| leftover.number).filter(is_known);
        numbers.fold(status::rotation(observed.status), u64::max)
    }

    fn held_number(&self, observed: &Observed<'_>) -> Option<u64> {
        let held = observed.held?;
        self.accounts_here(observed).find(|own| own.key() == *held).map(|own| own.number)
    }

    fn accounts_here<'a>(&'a self, observed: &Observed<'a>) -> impl Iterator<Item = &'a OwnAccount> {
        let (namespace, _) = &self.registry;
        observed.accounts.iter().filter(move |own| own.namespace == *namespace)
    }

    /// The accounts that nobody needs once the Secret names another one: those in another namespace, and those before the
    /// newest ones.
    fn superseded(&self, observed: &Observed<'_>, stored: Option<u64>) -> Vec<Key> {
        let elsewhere = observed.accounts.iter().filter(|own| own.namespace != self.registry.0);
        let mut here: Vec<_> =
            self.accounts_here(observed).filter(|own| Some(own.number) <= stored).collect();
        here.sort_by_key(|own| Reverse(own.number));
        elsewhere.chain(here.into_iter().skip(ACCOUNTS_MAX)).map(OwnAccount::key).collect()
    }

    fn account_key(&self, number: u64) -> Key {
        (self.registry.0.clone(), self.numbered(number))
    }
}

#[cfg(test)]
mod tests;
