//! When a push or pull secret gets a new account. The account is valid before the Secret names it, and the old one stays
//! valid until it expires, so that whoever reads the Secret again in between never fails.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::later;

/// The greatest part of the time between two rotations by which one of them is earlier, so that a thousand secrets that
/// were created together do not rotate together.
const JITTER: f64 = 0.05;
/// How long an account is there before the Secret names it, so that every gateway knows it by then. The API server cuts
/// creation times to whole seconds, so two seconds pass at least.
const LEAD: Duration = Duration::from_secs(3);
/// By how much the creation of an account may be ahead of the time: the clocks of several API servers differ.
pub(super) const SKEW: Duration = Duration::from_mins(5);
/// How many accounts may be ahead of the time until none is replaced for that: it is another API server that is ahead.
const AHEAD_MAX: usize = 3;

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
    /// Which account this process has the password of, to write it into the Secret.
    pub held: Option<u64>,
    /// The highest number that the status or another Secret names.
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
    /// The clock was ahead when the account of the Secret was created, so it would be valid for too long.
    Ahead,
}

/// The next step of a rotation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// Create an account of this number, or of the next one that is free, and hold its password.
    Create(u64, Cause),
    /// The account is too new for the Secret: look again after this time.
    Wait(Duration),
    /// Write the password of this account, which is held, into the Secret.
    Store(u64, Cause),
}

/// What to do for a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// The next step, if there must be another account.
    pub next: Option<Next>,
    /// Accounts that no Secret ever named: their passwords were lost on the way.
    pub orphans: Vec<u64>,
    /// Accounts that have lived as long as they may, and expire later because the clock was ahead.
    pub outlived: Vec<u64>,
    /// When there will be another one.
    pub outlives: Option<Timestamp>,
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

    fn is_ahead(&self, now: Timestamp) -> bool {
        later(now, SKEW) < self.created
    }
}

/// How long an account is too new for a Secret. `None` also if it was created by a clock that was ahead.
#[must_use]
pub fn wait(created: Timestamp, now: Timestamp) -> Option<Duration> {
    let rest = Duration::try_from(later(created, LEAD).duration_since(now)).ok()?;
    (!rest.is_zero() && created <= later(now, SKEW)).then_some(rest)
}

impl Observed {
    /// What to do at a time.
    #[must_use]
    pub fn decide(&self, lifetimes: Lifetimes, now: Timestamp) -> Rotation {
        let named = self.stored.and_then(|number| self.account(number));
        let current = named.filter(|account| now < account.valid_until());
        let due = current.map(|account| self.due(account, lifetimes));
        let cause = match (current, due) {
            (None, _) if self.stored.is_none() => Some(Cause::NoSecret),
            (None, _) => Some(Cause::NoAccount),
            _ if self.requested.is_some() && self.requested != self.followed => Some(Cause::Requested),
            (_, Some(due)) if due <= now => Some(Cause::Due),
            (Some(current), _) if self.must_replace(current, now) => Some(Cause::Ahead),
            _ => None,
        };
        let held = cause.and_then(|_| self.held(now));
        let next = |cause| match held {
            Some(held) => wait(held.created, now).map_or(Next::Store(held.number, cause), Next::Wait),
            None => Next::Create(self.last().saturating_add(1), cause),
        };
        let (outlived, next_end) = self.outlived(lifetimes, now);
        Rotation {
            next: cause.map(next),
            orphans: self.orphans(held),
            outlived,
            outlives: next_end,
            valid_until: current.map(Account::valid_until),
            due,
        }
    }

    fn account(&self, number: u64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.number == number)
    }

    /// The account whose password is held, if it is still there and as good as a new one.
    fn held(&self, now: Timestamp) -> Option<&Account> {
        let held = self.account(self.held?)?;
        let is_good = !held.is_ahead(now) && now < held.valid_until() && Some(held.number) > self.stored;
        is_good.then_some(held)
    }

    fn must_replace(&self, current: &Account, now: Timestamp) -> bool {
        let ahead = self.accounts.iter().filter(|account| account.is_ahead(now)).count();
        current.is_ahead(now) && ahead <= AHEAD_MAX
    }

    /// The accounts before that of the Secret that were created before their successor, but at a later time: the clock was
    /// ahead. One that is still in the future stays for the overlap from then on, and any other for a life at most. Also
    /// returns when the next of them ends.
    fn outlived(&self, lifetimes: Lifetimes, now: Timestamp) -> (Vec<u64>, Option<Timestamp>) {
        let (mut outlived, mut next) = (Vec::new(), None);
        for account in self.accounts.iter().filter(|account| Some(account.number) < self.stored) {
            let successors = account.number.saturating_add(1)..=self.stored.unwrap_or_default();
            let successors = self.accounts.iter().filter(|other| successors.contains(&other.number));
            let Some(replaced) = successors.map(|other| other.created).min() else { continue };
            if account.created <= later(replaced, SKEW) {
                continue;
            }
            let left = if account.is_ahead(now) { lifetimes.overlap } else { account.ttl };
            let end = later(replaced, left);
            if end <= now {
                outlived.push(account.number);
            } else {
                next = Some(next.map_or(end, |next: Timestamp| next.min(end)));
            }
        }
        (outlived, next)
    }

    /// The highest number that was ever used.
    fn last(&self) -> u64 {
        let numbers = self.accounts.iter().map(|account| account.number);
        numbers.chain(self.stored).fold(self.rotation, u64::max)
    }

    /// The Secret is written after the account and the status after the Secret, so no Secret ever named an account that is
    /// newer than all of them. One whose password is held is needed, too.
    fn orphans(&self, held: Option<&Account>) -> Vec<u64> {
        let named = self.stored.map_or(self.rotation, |stored| stored.max(self.rotation));
        let held = held.map(|account| account.number);
        let numbers = self.accounts.iter().map(|account| account.number);
        numbers.filter(|number| *number > named && Some(*number) != held).collect()
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
