//! Passwords of accounts that are too new for the Secret. A process that ends loses them; the next one makes another account.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use decide::Key;
use decide::registry::rotation;
use decide::registry::secret::Request;
use decide::registry::secret::data::Credentials;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// A password, which is wiped.
pub(super) struct Held {
    /// What the account was created for.
    pub(super) request: Request,
    /// The account.
    pub(super) key: Key,
    /// When the API server created it.
    pub(super) created: Timestamp,
    pub(super) password: Zeroizing<String>,
}

/// The passwords by the UID of the push or pull secret.
#[derive(Default)]
pub(super) struct HeldPasswords(Mutex<HashMap<String, Held>>);

impl HeldPasswords {
    pub(super) fn keep(&self, held: Held) {
        self.all().insert(held.request.uid.clone(), held);
    }

    pub(super) fn forget(&self, uid: &str) {
        self.all().remove(uid);
    }

    /// The account whose password is held.
    pub(super) fn account(&self, uid: &str) -> Option<Key> {
        self.all().get(uid).map(|held| held.key.clone())
    }

    /// How long there is nothing to do for a request: its account is too new.
    pub(super) fn rest(&self, request: &Request, now: Timestamp) -> Option<Duration> {
        let all = self.all();
        let held = all.get(&request.uid).filter(|held| held.request == *request)?;
        rotation::wait(held.created, now)
    }

    /// The credentials of the account of a number.
    pub(super) fn credentials(&self, request: &Request, number: u64) -> Option<Credentials> {
        let username = request.numbered(number);
        let all = self.all();
        let is_meant = |held: &&Held| (&held.key.0, &held.key.1) == (&request.registry.0, &username);
        let password = all.get(&request.uid).filter(is_meant)?.password.clone();
        Some(Credentials { number, username, password })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
