//! When the upstream of a cache is asked whether it accepts credentials. Wrong ones are tried seldom, so no account is locked.
//! Times are since the start of the program: no clock that is set changes them.

use std::time::Duration;

/// How many logins are refused in a [`WINDOW`] at most.
const REFUSALS_MAX: usize = 3;
/// See [`REFUSALS_MAX`].
const WINDOW: Duration = Duration::from_mins(1);
/// The pause after the first refusals of the same credentials.
const AFTER_REFUSAL: Duration = Duration::from_secs(20);
/// The pause after the last of them. It doubles with each further one.
const AFTER_REFUSALS: Duration = Duration::from_mins(1);
/// The longest pause after a refusal.
const AFTER_REFUSALS_MAX: Duration = Duration::from_mins(30);
/// The pause after the first failure to get an answer. It doubles with each further one.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// The longest pause after a failure to get an answer.
const AFTER_FAILURE_MAX: Duration = Duration::from_mins(1);
/// The pause if the upstream limits requests and does not say for how long. It doubles each time.
pub const LIMITED: Duration = Duration::from_mins(1);
/// The shortest and the longest pause that an upstream can ask for.
pub const LIMITED_WITHIN: [Duration; 2] = [Duration::from_secs(10), Duration::from_hours(1)];
/// When credentials that are accepted are asked for again.
const AGAIN: Duration = Duration::from_mins(15);

/// What an upstream answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It accepts the credentials; without credentials: it answers.
    Accepted,
    /// It refuses them with a status of HTTP.
    Refused(u16),
    /// It limits requests, for so long.
    RateLimited(Option<Duration>),
    /// It does not answer.
    Unreachable(String),
    /// What answers is no registry.
    NoRegistry(String),
}

impl Answer {
    /// All words for answers.
    pub const WORDS: [&str; 5] = ["accepted", "refused", "rate limited", "unreachable", "no registry"];

    /// The word for it, for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        let [accepted, refused, limited, unreachable, no_registry] = Self::WORDS;
        match self {
            Self::Accepted => accepted,
            Self::Refused(_) => refused,
            Self::RateLimited(_) => limited,
            Self::Unreachable(_) => unreachable,
            Self::NoRegistry(_) => no_registry,
        }
    }
}

/// What is remembered of the questions for one cache.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    /// What was asked about last, and when.
    last: Option<Last>,
}

/// When one upstream is not asked, for whatever cache and about whatever credentials. A cache that is deleted and created
/// again changes nothing of it.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    /// When logins were refused.
    refused: Vec<Duration>,
    /// Until when the upstream does not want to be asked.
    limited: Duration,
}

#[derive(Clone, Debug)]
struct Last {
    candidate: u64,
    answer: Answer,
    at: Duration,
    /// How often this answer was given in a row.
    times: u32,
}

impl Breaker {
    /// When the upstream may be asked again.
    fn ends(&self) -> Duration {
        let window = self.refused.len().checked_sub(REFUSALS_MAX).and_then(|first| self.refused.get(first));
        window.map_or(Duration::ZERO, |first| *first + WINDOW).max(self.limited)
    }

    /// Whether nothing of it matters any more.
    #[must_use]
    pub fn is_over(&self, now: Duration) -> bool {
        self.limited <= now && self.refused.iter().all(|at| *at + WINDOW <= now)
    }
}

impl Attempts {
    /// When to ask about credentials; `candidate` is a fingerprint of them.
    #[must_use]
    pub fn due(&self, candidate: u64, breaker: &Breaker) -> Duration {
        let own = self.known(candidate).map_or(Duration::ZERO, |last| last.at + pause(last));
        own.max(breaker.ends())
    }

    /// What is known about credentials without a question: the last answer, or that the upstream limits requests.
    #[must_use]
    pub fn answer(&self, candidate: u64, breaker: &Breaker, now: Duration) -> Option<Answer> {
        let limited = (now < breaker.limited).then_some(Answer::RateLimited(None));
        self.known(candidate).map(|last| last.answer.clone()).or(limited)
    }

    /// Remembers an answer.
    pub fn learn(&mut self, candidate: u64, answer: Answer, breaker: &mut Breaker, now: Duration) {
        let is_same = |last: &&Last| std::mem::discriminant(&last.answer) == std::mem::discriminant(&answer);
        let times = self.known(candidate).filter(is_same).map_or(1, |last| last.times.saturating_add(1));
        match &answer {
            Answer::Refused(_) => {
                breaker.refused.retain(|at| *at + WINDOW > now);
                breaker.refused.push(now);
            }
            Answer::RateLimited(pause) => {
                let [shortest, longest] = LIMITED_WITHIN;
                let pause = pause.unwrap_or_else(|| doubled(LIMITED, times, longest));
                breaker.limited = now + pause.clamp(shortest, longest);
            }
            Answer::Accepted | Answer::Unreachable(_) | Answer::NoRegistry(_) => {}
        }
        self.last = Some(Last { candidate, answer, at: now, times });
    }

    fn known(&self, candidate: u64) -> Option<&Last> {
        self.last.as_ref().filter(|last| last.candidate == candidate)
    }
}

fn pause(last: &Last) -> Duration {
    let first = u32::try_from(REFUSALS_MAX).unwrap_or(u32::MAX);
    match last.answer {
        Answer::Accepted => AGAIN,
        Answer::Refused(_) if last.times < first => AFTER_REFUSAL,
        Answer::Refused(_) => doubled(AFTER_REFUSALS, last.times - first + 1, AFTER_REFUSALS_MAX),
        // See [`Breaker::limited`].
        Answer::RateLimited(_) => Duration::ZERO,
        Answer::Unreachable(_) | Answer::NoRegistry(_) => {
            doubled(AFTER_FAILURE, last.times, AFTER_FAILURE_MAX)
        }
    }
}

/// A pause that doubles with each time, from 1.
fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1))).min(longest)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// When the upstream is asked in an hour if it always gives the same answer, in seconds.
    fn asked(answer: &Answer) -> Vec<u64> {
        let (mut attempts, mut breaker, mut times) = (Attempts::default(), Breaker::default(), Vec::new());
        loop {
            let now = attempts.due(1, &breaker);
            if now >= Duration::from_hours(1) {
                return times;
            }
            times.push(now.as_secs());
            attempts.learn(1, answer.clone(), &mut breaker, now);
        }
    }

    #[rstest]
    #[case::accepted(Answer::Accepted, &[0, 900, 1800, 2700])]
    #[case::refused(Answer::Refused(401), &[0, 20, 40, 100, 220, 460, 940, 1900])]
    #[case::limited(Answer::RateLimited(None), &[0, 60, 180, 420, 900, 1860])]
    #[case::limited_for_a_time(Answer::RateLimited(Some(Duration::from_mins(20))), &[0, 1200, 2400])]
    #[case::limited_for_ten_years(Answer::RateLimited(Some(Duration::from_hours(87_600))), &[0])]
    #[case::limited_for_ever(Answer::RateLimited(Some(Duration::MAX)), &[0])]
    fn an_upstream_is_asked_seldom(#[case] answer: Answer, #[case] expected: &[u64]) {
        assert_eq!(asked(&answer), expected);
    }

    #[rstest]
    #[case::unreachable(Answer::Unreachable("refused".to_owned()))]
    #[case::no_registry(Answer::NoRegistry("no".to_owned()))]
    fn an_upstream_that_is_away_is_asked_each_minute(#[case] answer: Answer) {
        let asked = asked(&answer);
        assert_eq!(asked[..6], [0, 5, 15, 35, 75, 135]);
        assert!(asked[5..].windows(2).all(|pair| pair[1] - pair[0] == 60));
    }

    #[test]
    fn an_upstream_that_limits_requests_for_no_time_has_ten_seconds() {
        let limited = Answer::RateLimited(Some(Duration::ZERO));
        assert_eq!(asked(&limited)[..4], [0, 10, 20, 30]);
    }

    /// Each Secret is another candidate, and all of them are wrong; so it is if each is of another cache.
    #[rstest]
    #[case::of_one_cache(false)]
    #[case::of_a_cache_each(true)]
    fn other_credentials_are_tried_at_once_but_not_more_than_three_in_a_minute(#[case] of_others: bool) {
        let (mut attempts, mut breaker) = (Attempts::default(), Breaker::default());
        let (mut now, mut times) = (Duration::ZERO, Vec::new());
        for candidate in 0..9 {
            if of_others {
                attempts = Attempts::default();
            }
            now = attempts.due(candidate, &breaker).max(now + Duration::from_secs(1));
            times.push(now.as_secs());
            attempts.learn(candidate, Answer::Refused(401), &mut breaker, now);
        }
        assert_eq!(times, [1, 2, 3, 61, 62, 63, 121, 122, 123]);
        assert!(!breaker.is_over(Duration::from_secs(182)));
        assert!(breaker.is_over(Duration::from_secs(183)));
    }

    #[test]
    fn an_upstream_that_limits_requests_is_not_asked_about_other_credentials() {
        let (mut attempts, mut breaker) = (Attempts::default(), Breaker::default());
        let limited = Answer::RateLimited(Some(Duration::from_secs(90)));
        attempts.learn(1, limited.clone(), &mut breaker, Duration::from_secs(5));
        for attempts in [&attempts, &Attempts::default()] {
            assert_eq!(attempts.due(2, &breaker), Duration::from_secs(95));
            let answer = |second| attempts.answer(2, &breaker, Duration::from_secs(second));
            assert_eq!((answer(94), answer(95)), (Some(Answer::RateLimited(None)), None));
        }
        assert_eq!(attempts.answer(1, &breaker, Duration::from_secs(94)), Some(limited));
        assert!(!breaker.is_over(Duration::from_secs(94)));
        assert!(breaker.is_over(Duration::from_secs(95)));
    }

    #[test]
    fn another_answer_resets_the_pause() {
        let (mut attempts, mut breaker) = (Attempts::default(), Breaker::default());
        let mut learn = |answer: Answer, second| {
            attempts.learn(1, answer, &mut breaker, Duration::from_secs(second));
            attempts.due(1, &breaker).as_secs()
        };
        for second in [0, 20, 40] {
            learn(Answer::Refused(401), second);
        }
        assert_eq!(learn(Answer::Unreachable("away".to_owned()), 100), 105);
        assert_eq!(learn(Answer::Refused(401), 105), 125);
    }
}
