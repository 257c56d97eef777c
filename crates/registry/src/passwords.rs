//! Verifies passwords so that nobody can keep others from logging in.
//!
//! A verification by bcrypt takes a core for 50 ms and more. Who has logged in before is found in a cache, which wrong
//! passwords do not reach. Everything else waits in a queue that is short, and shared among addresses and tenants. Wrong logins are
//! answered after a delay, which is the same whether the account exists or not. No password is stored.

mod delays;
mod verdicts;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use policy::container_registries::HiddenText;
use policy::image_registry_accounts::bcrypt::Bcrypt;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Semaphore;
use tokio::task;
use tokio::time::{self, Instant};
use zeroize::Zeroizing;

use crate::digest::digest;
use crate::generations::Digest;
use crate::queue::Queue;

use delays::Delays;
use verdicts::Verdicts;

/// What bcrypt reads of a password, in bytes. What is longer would be cut, so two passwords would be right.
const PASSWORD_MAX: usize = 72;
/// How many passwords may wait for a core.
const QUEUE: usize = 64;
/// How many wrong logins may wait for their answer.
const WAITING: usize = 256;
/// Verified for users that do not exist, behind version and cost, so that they take the time of one that does. No password is
/// known for it.
const DUMMY: &str = "If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
/// Its cost, as long as no account has a higher one.
const DUMMY_COST: u32 = 10;

/// The result of a verification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The password belongs to the hash at this place.
    Right(usize),
    /// It belongs to none.
    Wrong,
    /// Too many others are waiting.
    Busy,
}

/// Verifies passwords.
#[derive(Debug)]
pub struct Passwords {
    key: hmac::Key,
    verdicts: Verdicts,
    queue: Arc<Queue>,
    delays: Delays,
    /// The places of wrong logins that wait for their answer.
    waiting: Semaphore,
    /// The highest cost of a hash so far, which that for nobody has, too.
    cost: AtomicU32,
}

/// What is verified.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The user.
    pub user: &'a str,
    /// Whose logins wait for each other: the namespace that its account is for, or the user.
    pub tenant: &'a str,
    /// The hashes of its passwords; `None`, if there is no such user.
    pub hashes: Option<&'a [Bcrypt]>,
    /// What it says its password is.
    pub password: &'a HiddenText,
    /// Where it says so.
    pub address: IpAddr,
}

impl Passwords {
    /// Verifies with all cores but one, so that what is in the cache is answered meanwhile. How many wait is shown.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(cores: NonZeroUsize, waiting: Gauge) -> Result<Self, Unspecified> {
        let workers = cores.get().saturating_sub(1).max(1);
        Ok(Self {
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?,
            verdicts: Verdicts::default(),
            queue: Arc::new(Queue::new(workers, QUEUE, waiting)),
            delays: Delays::default(),
            waiting: Semaphore::new(WAITING),
            cost: AtomicU32::new(DUMMY_COST),
        })
    }

    /// Verifies a password. A wrong one is answered later with each time, and nothing else of its account and address is
    /// verified before.
    pub async fn verify(&self, question: Question<'_>) -> Verdict {
        let started = Instant::now();
        let digest = self.digest(&question);
        if let Some(place) = self.verdicts.right(&digest) {
            return Verdict::Right(place);
        }
        let Some(attempt) = self.delays.attempt(self.source(&question), started) else {
            return Verdict::Busy;
        };
        let verdict = if self.verdicts.is_wrong(&digest, started) {
            Verdict::Wrong
        } else {
            self.compute(&question).await
        };
        match verdict {
            Verdict::Right(place) => {
                self.verdicts.add_right(digest, place);
                attempt.right();
            }
            Verdict::Wrong => {
                self.verdicts.add_wrong(digest, Instant::now());
                let answered = attempt.wrong();
                // Those who wait hold a connection each, so only some may.
                let Ok(_waiting) = self.waiting.try_acquire() else { return Verdict::Busy };
                time::sleep_until(answered).await;
            }
            Verdict::Busy => attempt.undecided(),
        }
        verdict
    }

    async fn compute(&self, question: &Question<'_>) -> Verdict {
        let password = question.password.reveal();
        if password.len() > PASSWORD_MAX || password.contains('\0') {
            return Verdict::Wrong;
        }
        let Some(turn) = self.queue.enter(question.address, question.tenant) else { return Verdict::Busy };
        let known = question.hashes.unwrap_or_default();
        let highest = known.iter().map(|hash| u32::from(hash.cost())).max().unwrap_or_default();
        let cost = self.cost.fetch_max(highest, Ordering::Relaxed).max(highest);
        let hashes: Vec<_> = known.iter().map(|hash| hash.as_str().to_owned()).collect();
        let hashes = Zeroizing::new(hashes);
        let password = Zeroizing::new(password.to_owned());
        let Some(turn) = turn.wait().await else { return Verdict::Busy };
        let place = task::spawn_blocking(move || {
            let is_right = |hash: &str| bcrypt::verify(password.as_bytes(), hash).unwrap_or(false);
            let place = hashes.iter().position(|hash| is_right(hash));
            if hashes.is_empty() {
                // Whether it would be right does not matter: there is nobody whose password it is.
                is_right(&dummy(cost));
            }
            // The core is free only now, even if the client has gone.
            drop(turn);
            place
        });
        match place.await {
            Ok(Some(place)) => Verdict::Right(place),
            Ok(None) => Verdict::Wrong,
            Err(_) => Verdict::Busy,
        }
    }

    /// What a password is remembered by: useless without the key, which only this process has. The hashes are part of it, so
    /// an account that changes has no verdict.
    fn digest(&self, question: &Question<'_>) -> Digest {
        let hashes = question.hashes.unwrap_or_default().iter().map(Bcrypt::as_str);
        digest(&self.key, [question.user, question.password.reveal()].into_iter().chain(hashes))
    }

    /// Whose wrong logins delay each other.
    fn source(&self, question: &Question<'_>) -> Digest {
        digest(&self.key, [question.address.to_string().as_str(), question.user])
    }
}

/// The hash for nobody, of a cost.
fn dummy(cost: u32) -> String {
    format!("$2b${cost:02}${DUMMY}")
}

#[cfg(test)]
mod tests;
