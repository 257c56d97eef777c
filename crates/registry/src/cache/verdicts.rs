//! What the upstream has said of logins, for a while. Yes and no are apart: who asks for what is refused takes no place of
//! others.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use decide::registry::cache_access::Finding;
use tokio::time::Instant;

use crate::generations::{Digest, Generations};

/// How long a yes holds.
const YES_LIFE: Duration = Duration::from_mins(5);
/// How long a no holds.
const NO_LIFE: Duration = Duration::from_secs(30);
/// How long it is known who had a right, for the time without an upstream.
const KNOWN_LIFE: Duration = Duration::from_hours(24);

/// Verdicts, by login and repository.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    yes: Mutex<Generations<Instant>>,
    no: Mutex<Generations<(Instant, Finding)>>,
    known: Mutex<Generations<Instant>>,
    /// Logins that the upstream has looked at and taken, by login alone. They give no right: it is not dangerous to ask with
    /// them.
    proven: Mutex<Generations<Instant>>,
}

impl Verdicts {
    /// What holds, if the upstream was asked a moment ago.
    pub(super) fn get(&self, question: &Digest, now: Instant) -> Option<Finding> {
        if lock(&self.yes).get(question).is_some_and(|end| now < end) {
            return Some(Finding::Right);
        }
        let no = lock(&self.no).get(question).filter(|(end, _)| now < *end);
        no.map(|(_, finding)| finding)
    }

    /// Remembers an answer of the upstream. Other findings are none.
    pub(super) fn put(&self, question: Digest, login: Digest, finding: Finding, now: Instant) {
        match finding {
            Finding::Right => {
                lock(&self.yes).insert(question, now + YES_LIFE);
                lock(&self.known).insert(question, now + KNOWN_LIFE);
            }
            Finding::NoRight | Finding::WrongLogin => {
                lock(&self.no).insert(question, (now + NO_LIFE, finding));
                // Who has lost a right has it no more when the upstream is away.
                for memory in [&self.yes, &self.known] {
                    forget(memory, question, now);
                }
                if finding == Finding::WrongLogin {
                    forget(&self.proven, login, now);
                }
            }
            Finding::TooManyWrong
            | Finding::Busy
            | Finding::RateLimited
            | Finding::Away
            | Finding::Silent => {}
        }
    }

    /// The upstream has looked at a login and taken it.
    pub(super) fn prove(&self, login: Digest, now: Instant) {
        lock(&self.proven).insert(login, now + KNOWN_LIFE);
    }

    /// Whether a login had a right a short time ago.
    pub(super) fn had_right(&self, question: &Digest, now: Instant) -> bool {
        lock(&self.known).get(question).is_some_and(|end| now < end)
    }

    /// Whether the upstream knows a login.
    pub(super) fn is_proven(&self, login: &Digest, now: Instant) -> bool {
        lock(&self.proven).get(login).is_some_and(|end| now < end)
    }
}

fn forget(memory: &Mutex<Generations<Instant>>, digest: Digest, now: Instant) {
    let mut memory = lock(memory);
    if memory.get(&digest).is_some() {
        memory.insert(digest, now);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Digest = [1; 32];
    const LOGIN: Digest = [2; 32];

    #[tokio::test(start_paused = true)]
    async fn a_yes_holds_five_minutes_and_is_known_for_a_day() {
        let (verdicts, start) = (Verdicts::default(), Instant::now());
        verdicts.put(QUESTION, LOGIN, Finding::Right, start);
        assert!(!verdicts.is_proven(&LOGIN, start));
        verdicts.prove(LOGIN, start);
        let before = |life: Duration| start + life.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(verdicts.get(&QUESTION, before(YES_LIFE)), Some(Finding::Right));
        assert_eq!(verdicts.get(&QUESTION, start + YES_LIFE), None);
        assert!(verdicts.had_right(&QUESTION, before(KNOWN_LIFE)));
        assert!(!verdicts.had_right(&QUESTION, start + KNOWN_LIFE));
        assert!(verdicts.is_proven(&LOGIN, before(KNOWN_LIFE)));
        assert_eq!(verdicts.get(&[3; 32], start), None);
        assert!(!verdicts.had_right(&[3; 32], start));
    }

    #[tokio::test(start_paused = true)]
    async fn a_no_holds_half_a_minute_and_ends_what_was_known() {
        let (verdicts, start) = (Verdicts::default(), Instant::now());
        verdicts.put(QUESTION, LOGIN, Finding::Right, start);
        verdicts.prove(LOGIN, start);
        let later = start + YES_LIFE;
        verdicts.put(QUESTION, LOGIN, Finding::NoRight, later);
        assert_eq!(verdicts.get(&QUESTION, later), Some(Finding::NoRight));
        assert!(!verdicts.had_right(&QUESTION, later));
        assert!(verdicts.is_proven(&LOGIN, later));
        assert_eq!(verdicts.get(&QUESTION, later + NO_LIFE), None);
        verdicts.put(QUESTION, LOGIN, Finding::WrongLogin, later);
        assert!(!verdicts.is_proven(&LOGIN, later));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_answer_of_the_upstream_is_not_remembered() {
        let (verdicts, start) = (Verdicts::default(), Instant::now());
        verdicts.put(QUESTION, LOGIN, Finding::Right, start);
        let later = start + YES_LIFE;
        for finding in
            [Finding::Away, Finding::Silent, Finding::RateLimited, Finding::Busy, Finding::TooManyWrong]
        {
            verdicts.put(QUESTION, LOGIN, finding, later);
            assert_eq!(verdicts.get(&QUESTION, later), None);
            assert!(verdicts.had_right(&QUESTION, later));
        }
    }
}
