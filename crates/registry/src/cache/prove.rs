//! Proves logins at the upstream, so that no account is locked and no answer is asked for twice.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use decide::registry::cache_access::Finding;
use decide::registry::token::basic::Login;
use remote::registry::{Answer, Upstream};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use super::attempts::Attempts;
use super::digests::Digests;
use super::keyed::Keyed;
use super::limit::Limit;
use super::metrics::CacheMetrics;
use super::reach::Reach;
use super::verdicts::Verdicts;
use crate::generations::Digest;
use crate::queue::Queue;

/// How many questions the upstream gets at once.
const WORKERS: usize = 16;
/// How many may wait, those included that are asked.
const PLACES: usize = 256;
/// Whose questions wait for each other if they come without a login.
const NOBODY: &str = "";

/// Who asks for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The login; nobody is `None`.
    pub(super) login: Option<&'a Login>,
    /// The repository.
    pub(super) repository: &'a str,
    /// Where the question comes from.
    pub(super) address: IpAddr,
}

/// Proves logins.
#[derive(Debug)]
pub struct Prover {
    upstream: Arc<Upstream>,
    reach: Arc<Reach>,
    digests: Digests,
    verdicts: Verdicts,
    attempts: Attempts,
    limit: Limit,
    /// Equal questions that are asked now.
    asking: Keyed<OnceCell<Finding>>,
    /// Users of whom a login is asked that may be wrong: one at a time.
    users: Keyed<Mutex<()>>,
    queue: Arc<Queue>,
    metrics: CacheMetrics,
}

/// A finding, and whether the login had the right a short time ago.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Proof {
    pub(super) finding: Finding,
    pub(super) had_right: bool,
}

impl Prover {
    /// Asks an upstream.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(
        upstream: Arc<Upstream>,
        reach: Arc<Reach>,
        metrics: CacheMetrics,
    ) -> Result<Self, Unspecified> {
        Ok(Self {
            upstream,
            reach,
            digests: Digests::new()?,
            verdicts: Verdicts::default(),
            attempts: Attempts::default(),
            limit: Limit::default(),
            asking: Keyed::default(),
            users: Keyed::default(),
            queue: Arc::new(Queue::new(WORKERS, PLACES, metrics.waiting())),
            metrics,
        })
    }

    /// What a login is known by. It says nothing of the login to who does not have it.
    pub(super) fn name(&self, login: Option<&Login>) -> Digest {
        self.digests.login(login)
    }

    /// Whether a login may pull from a repository.
    pub(super) async fn prove(&self, question: Question<'_>) -> Proof {
        let digest = self.digests.question(question.login, question.repository);
        let finding = if let Some(finding) = self.verdicts.get(&digest, Instant::now()) {
            finding
        } else {
            let shared = self.asking.get(digest);
            *shared.get_or_init(|| self.find(question, digest)).await
        };
        Proof { finding, had_right: self.verdicts.had_right(&digest, Instant::now()) }
    }

    async fn find(&self, question: Question<'_>, digest: Digest) -> Finding {
        let login = self.digests.login(question.login);
        let Some(user) = question.login.map(|login| self.digests.user(login)) else {
            return self.ask(question, digest, login).await;
        };
        let is_dangerous =
            |now| !self.verdicts.is_proven(&login, now) || self.attempts.is_doubted(&user, now);
        let is_proven = !is_dangerous(Instant::now());
        let turn = self.users.get(user);
        let _turn = if is_proven { None } else { Some(turn.lock().await) };
        let now = Instant::now();
        // The same login may have been proven for another repository meanwhile.
        if is_dangerous(now) && !self.attempts.may_be_wrong(&user, now) {
            return Finding::TooManyWrong;
        }
        let finding = self.ask(question, digest, login).await;
        if finding == Finding::WrongLogin {
            self.attempts.wrong(user, Instant::now());
            if is_proven {
                self.attempts.doubt(user, Instant::now());
            }
        }
        finding
    }

    async fn ask(&self, question: Question<'_>, digest: Digest, login: Digest) -> Finding {
        if self.reach.is_away() {
            return Finding::Away;
        }
        if self.limit.is_set(Instant::now()) {
            return Finding::RateLimited;
        }
        let user = question.login.map_or(NOBODY, |login| login.user.as_str());
        let Some(place) = self.queue.enter(question.address, user) else { return Finding::Busy };
        let Some(_turn) = place.wait().await else { return Finding::Busy };
        let pair = question.login.map(|login| (login.user.as_str(), login.password.reveal()));
        let answer = self.upstream.ask(Some(question.repository), pair).await;
        self.metrics.asked(answer.word());
        if let Answer::Unreachable(_) | Answer::NoRegistry(_) | Answer::RateLimited { .. } = answer {
            tracing::warn!(%answer, "the upstream does not say who may pull");
        }
        let is_taken = question.login.is_some() && answer == Answer::Accepted;
        let finding = match answer {
            Answer::Accepted | Answer::Public => Finding::Right,
            Answer::Refused { is_login: true, .. } => Finding::WrongLogin,
            Answer::Refused { is_login: false, .. } | Answer::NotFound => Finding::NoRight,
            Answer::RateLimited { retry_after } => {
                self.limit.set(retry_after, Instant::now());
                Finding::RateLimited
            }
            // What it says of one repository says nothing of others.
            Answer::Unreachable(_) | Answer::NoRegistry(_) => {
                if self.reach.is_reached_now().await {
                    Finding::Silent
                } else {
                    Finding::Away
                }
            }
        };
        if matches!(finding, Finding::Right | Finding::WrongLogin | Finding::NoRight) {
            self.reach.learn(true);
        }
        if is_taken {
            self.verdicts.prove(login, Instant::now());
        }
        self.verdicts.put(digest, login, finding, Instant::now());
        finding
    }
}

#[cfg(test)]
mod tests;
