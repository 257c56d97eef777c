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
const LIMITED: Duration = Duration::from_mins(1);
/// The shortest and the longest pause that an upstream can ask for.
const LIMITED_WITHIN: [Duration; 2] = [Duration::from_secs(10), Duration::from_hours(1)];
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

/// What is remembered of the questions to one upstream.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    /// What was asked about last, and when.
    last: Option<Last>,
    /// When logins were refused, of whatever credentials.
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

impl Attempts {
    /// When to ask about credentials; `candidate` is a fingerprint of them.
    #[must_use]
    pub fn due(&self, candidate: u64) -> Duration {
        let own = self.known(candidate).map_or(Duration::ZERO, |last| last.at + pause(last));
        let window = self.refused.len().checked_sub(REFUSALS_MAX).and_then(|first| self.refused.get(first));
        let window = window.map_or(Duration::ZERO, |first| *first + WINDOW);
        own.max(window).max(self.limited)
    }

    /// The last answer about credentials, if they were asked about last.
    #[must_use]
    pub fn answer(&self, candidate: u64) -> Option<&Answer> {
        self.known(candidate).map(|last| &last.answer)
    }

    /// Remembers an answer.
    pub fn learn(&mut self, candidate: u64, answer: Answer, now: Duration) {
        let is_same = |last: &&Last| std::mem::discriminant(&last.answer) == std::mem::discriminant(&answer);
        let times = self.known(candidate).filter(is_same).map_or(1, |last| last.times.saturating_add(1));
        match &answer {
            Answer::Refused(_) => {
                self.refused.retain(|at| *at + WINDOW > now);
                self.refused.push(now);
            }
            Answer::RateLimited(pause) => {
                let [shortest, longest] = LIMITED_WITHIN;
                let pause = pause.unwrap_or_else(|| doubled(LIMITED, times, longest));
                self.limited = now + pause.clamp(shortest, longest);
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
        // See [`Attempts::limited`].
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
        let (mut attempts, mut times) = (Attempts::default(), Vec::new());
        loop {
            let now = attempts.due(1);
            if now >= Duration::from_hours(1) {
                return times;
            }
            times.push(now.as_secs());
            attempts.learn(1, answer.clone(), now);
        }
    }

    #[rstest]
    #[case::accepted(Answer::Accepted, &[0, 900, 1800, 2700])]
    #[case::refused(Answer::Refused(401), &[0, 20, 40, 100, 220, 460, 940, 1900])]
    #[case::limited(Answer::RateLimited(None), &[0, 60, 180, 420, 900, 1860])]
    #[case::limited_for_a_time(Answer::RateLimited(Some(Duration::from_mins(20))), &[0, 1200, 2400])]
    #[case::limited_for_very_long(Answer::RateLimited(Some(Duration::from_hours(100))), &[0])]
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

    /// Each Secret is another candidate, and all of them are wrong.
    #[test]
    fn other_credentials_are_tried_at_once_but_not_more_than_three_in_a_minute() {
        let (mut attempts, mut now, mut times) = (Attempts::default(), Duration::ZERO, Vec::new());
        for candidate in 0..9 {
            now = attempts.due(candidate).max(now + Duration::from_secs(1));
            times.push(now.as_secs());
            attempts.learn(candidate, Answer::Refused(401), now);
        }
        assert_eq!(times, [1, 2, 3, 61, 62, 63, 121, 122, 123]);
    }

    #[test]
    fn an_upstream_that_limits_requests_is_not_asked_about_other_credentials() {
        let mut attempts = Attempts::default();
        attempts.learn(1, Answer::RateLimited(Some(Duration::from_secs(90))), Duration::from_secs(5));
        assert_eq!(attempts.due(2), Duration::from_secs(95));
        assert_eq!(attempts.answer(2), None);
        assert_eq!(attempts.answer(1), Some(&Answer::RateLimited(Some(Duration::from_secs(90)))));
    }

    #[test]
    fn another_answer_resets_the_pause() {
        let mut attempts = Attempts::default();
        for second in [0, 20, 40] {
            attempts.learn(1, Answer::Refused(401), Duration::from_secs(second));
        }
        attempts.learn(1, Answer::Unreachable("away".to_owned()), Duration::from_secs(100));
        assert_eq!(attempts.due(1), Duration::from_secs(105));
        attempts.learn(1, Answer::Refused(401), Duration::from_secs(105));
        assert_eq!(attempts.due(1), Duration::from_secs(125));
    }
}
