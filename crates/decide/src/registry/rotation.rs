//! When a push or pull secret gets a new account. The account is valid before the Secret names it, and the old one stays
//! valid until it expires, so that whoever reads the Secret again in between never fails.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::later;

/// The greatest part of the time between two rotations by which one of them is earlier, so that a thousand secrets that
/// were created together do not rotate together.
const JITTER: f64 = 0.05;

/// How long accounts live.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetimes {
    /// How long an account is valid.
    pub interval: Duration,
    /// How long the previous account is still valid when a new one is there.
    pub overlap: Duration,
}

/// An account of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Account {
    /// How many were made before it.
    pub number: u64,
    /// When the API server created it.
    pub created: Timestamp,
    /// How long it is valid from then on.
    pub ttl: Duration,
}

/// What is known of a secret.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Observed {
    /// The UID of the push or pull secret.
    pub uid: String,
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// Which account its Secret has a password of.
    pub stored: Option<u64>,
    /// The number of the last rotation, from the status.
    pub rotation: u64,
    /// What the annotation asks for, and what it asked for when it was last followed.
    pub requested: Option<String>,
    /// See `requested`.
    pub followed: Option<String>,
}

/// Why there must be another account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// There is no Secret yet, or it has no password.
    NoSecret,
    /// The account of the Secret is gone or has expired.
    NoAccount,
    /// It is time.
    Due,
    /// The annotation asks for it.
    Requested,
}

/// What to do for a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// Create an account of this number, then write its password into the Secret.
    pub next: Option<(u64, Cause)>,
    /// Accounts that no Secret ever named: their passwords were lost on the way.
    pub orphans: Vec<u64>,
    /// Until when the password in the Secret is valid, if it stays.
    pub valid_until: Option<Timestamp>,
    /// When it is replaced.
    pub due: Option<Timestamp>,
}

impl Account {
    /// When it ceases to be valid.
    #[must_use]
    pub fn valid_until(&self) -> Timestamp {
        later(self.created, self.ttl)
    }
}

impl Observed {
    /// What to do at a time.
    #[must_use]
    pub fn decide(&self, lifetimes: Lifetimes, now: Timestamp) -> Rotation {
        let named =
            self.stored.and_then(|number| self.accounts.iter().find(|account| account.number == number));
        let current = named.filter(|account| now < account.valid_until());
        let due = current.map(|account| self.due(account, lifetimes));
        let cause = match (current, due) {
            (None, _) if self.stored.is_none() => Some(Cause::NoSecret),
            (None, _) => Some(Cause::NoAccount),
            _ if self.requested.is_some() && self.requested != self.followed => Some(Cause::Requested),
            (_, Some(due)) if due <= now => Some(Cause::Due),
            _ => None,
        };
        Rotation {
            next: cause.map(|cause| (self.last().saturating_add(1), cause)),
            orphans: self.orphans(),
            valid_until: current.map(Account::valid_until),
            due,
        }
    }

    /// The highest number that was ever used.
    fn last(&self) -> u64 {
        let numbers = self.accounts.iter().map(|account| account.number);
        numbers.chain(self.stored).fold(self.rotation, u64::max)
    }

    /// The Secret is written after the account and the status after the Secret, so no Secret ever named an account that is
    /// newer than both.
    fn orphans(&self) -> Vec<u64> {
        let named = self.stored.map_or(self.rotation, |stored| stored.max(self.rotation));
        self.accounts.iter().map(|account| account.number).filter(|number| *number > named).collect()
    }

    /// When an account is replaced. By its creation and not by the last look: a restart changes nothing, and a clock that
    /// jumps changes neither how long an account is valid nor when the next one is made.
    fn due(&self, account: &Account, lifetimes: Lifetimes) -> Timestamp {
        let between = lifetimes.interval.saturating_sub(lifetimes.overlap);
        // The life that the account was given bounds it, whatever the interval is by now.
        let between = between.min(account.ttl.saturating_sub(lifetimes.overlap.min(account.ttl / 2)));
        let earlier = between.mul_f64(JITTER * self.part(account.number));
        later(account.created, between.saturating_sub(earlier))
    }

    /// A number from 0 to 1, the same at each look.
    fn part(&self, number: u64) -> f64 {
        let digest = Sha256::digest(format!("{} {number}", self.uid));
        let drawn = digest.first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes));
        f64::from(drawn) / f64::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests;
