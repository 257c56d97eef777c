//! What an upstream answers, and how its answers are read.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde_json::Value;
use zeroize::Zeroizing;

/// The answer of an upstream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It lets them pull, or log in.
    Accepted,
    /// It lets everybody pull, and has not looked at the login.
    Public,
    /// It does not.
    Refused {
        /// The status.
        status: u16,
        /// Whether the login itself is wrong, and not only what is asked for is forbidden. Several such answers may lock
        /// an account.
        is_login: bool,
    },
    /// It has no such repository.
    NotFound,
    /// It answers too many questions.
    RateLimited {
        /// When it answers again, if it names a time. The time is not bounded.
        retry_after: Option<Duration>,
    },
    /// It cannot be reached, for now.
    Unreachable(String),
    /// It is not a registry, or sends elsewhere.
    NoRegistry(String),
}

impl Answer {
    /// The value for metrics and annotations.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Public => "public",
            Self::Refused { .. } => "refused",
            Self::NotFound => "not found",
            Self::RateLimited { .. } => "rate limited",
            Self::Unreachable(_) => "unreachable",
            Self::NoRegistry(_) => "no registry",
        }
    }

    pub(super) fn refused(status: StatusCode, is_login: bool) -> Self {
        Self::Refused { status: status.as_u16(), is_login }
    }

    /// The same answer to a login.
    pub(super) fn of_login(self, is_login: bool) -> Self {
        match self {
            Self::Refused { status, .. } => Self::Refused { status, is_login },
            other => other,
        }
    }

    /// What a status means.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        match status {
            StatusCode::OK if is_page(headers) => {
                Self::NoRegistry("it answers with a page for people".to_owned())
            }
            StatusCode::OK => Self::Accepted,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::refused(status, false),
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited { retry_after: retry_after(headers) },
            status if status.is_server_error() => Self::Unreachable(format!("it answers {status}")),
            status if status.is_redirection() => {
                Self::NoRegistry(format!("it answers {status}: a redirect, which is not followed"))
            }
            status => Self::NoRegistry(format!("it answers {status}")),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())?;
        match self {
            Self::Refused { status, .. } => write!(formatter, ": it answers {status}"),
            Self::Unreachable(why) | Self::NoRegistry(why) => write!(formatter, ": {why}"),
            Self::Accepted | Self::Public | Self::NotFound | Self::RateLimited { .. } => Ok(()),
        }
    }
}

/// The pause: a number of seconds, or a date, which is compared with the clock of the upstream if it says the time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let pause = text(RETRY_AFTER)?;
    if !pause.is_empty() && pause.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits that are no number are too many.
        return Some(Duration::from_secs(pause.parse().unwrap_or(u64::MAX)));
    }
    let date = |text| DateTimeParser::new().parse_timestamp(text).ok();
    let now = text(DATE).and_then(date).or_else(|| Timestamp::try_from(SystemTime::now()).ok())?;
    // One that is over is now.
    Some(Duration::try_from(date(pause)?.duration_since(now)).unwrap_or_default())
}

/// Whether it is for browsers: of a proxy that wants a login, or of a server under repair.
fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// Whether a body is the list of tags of a repository, which may be empty.
pub(super) fn is_list_of_tags(body: &[u8], repository: &str) -> bool {
    let Ok(Value::Object(list)) = serde_json::from_slice(body) else { return false };
    list.get("name").and_then(Value::as_str) == Some(repository)
        || list.get("tags").is_some_and(|tags| tags.is_array() || tags.is_null())
}

/// The token in the answer of a token server.
pub(super) fn token(body: &[u8]) -> Option<Zeroizing<String>> {
    let mut answer: BTreeMap<String, Value> = serde_json::from_slice(body).ok()?;
    let texts = ["token", "access_token", "refresh_token"].map(|name| match answer.remove(name) {
        Some(Value::String(text)) => Some(Zeroizing::new(text)),
        _ => None,
    });
    let [token, access_token, _] = texts;
    token.into_iter().chain(access_token).find(|text| !text.is_empty())
}

/// Why there is no answer.
pub(super) fn failure(error: &reqwest::Error) -> &'static str {
    match (error.is_connect(), names_certificate(error)) {
        (_, true) => "its certificate is not trusted",
        (true, false) => "no connection",
        (false, false) => "its answer is not HTTP",
    }
}

/// Whether a certificate is the cause. The errors of TLS are behind those of two other crates, as texts.
fn names_certificate(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.to_string().contains("invalid peer certificate") {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn of(status: u16, retry_after: Option<&'static str>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, reqwest::header::HeaderValue::from_static(value));
        }
        Answer::of(StatusCode::from_u16(status).unwrap_or_default(), &headers)
    }

    #[rstest]
    #[case(200, "accepted")]
    #[case(401, "refused: it answers 401")]
    #[case(403, "refused: it answers 403")]
    #[case(404, "not found")]
    #[case(429, "rate limited")]
    #[case(500, "unreachable: it answers 500 Internal Server Error")]
    #[case(503, "unreachable: it answers 503 Service Unavailable")]
    #[case(307, "no registry: it answers 307 Temporary Redirect: a redirect, which is not followed")]
    #[case(204, "no registry: it answers 204 No Content")]
    #[case(400, "no registry: it answers 400 Bad Request")]
    fn a_status_says_who_may_pull(#[case] status: u16, #[case] text: &str) {
        assert_eq!(of(status, None).to_string(), text);
    }

    #[rstest]
    #[case::not_said(None, None)]
    #[case::seconds(Some("30"), Some(30))]
    #[case::zero(Some("0"), Some(0))]
    #[case::ten_years(Some("315360000"), Some(315_360_000))]
    #[case::more_than_a_number(Some("99999999999999999999"), Some(u64::MAX))]
    #[case::negative(Some("-1"), None)]
    #[case::a_part(Some("1.5"), None)]
    #[case::empty(Some(""), None)]
    #[case::words(Some("later"), None)]
    #[case::a_date(Some("Wed, 21 Oct 2026 07:30:00 GMT"), Some(120))]
    #[case::a_date_that_is_over(Some("Tue, 20 Oct 2026 07:28:00 GMT"), Some(0))]
    #[case::another_day_of_the_week(Some("Mon, 21 Oct 2026 07:28:00 GMT"), None)]
    fn the_pause_is_a_number_of_seconds_or_a_date(
        #[case] header: Option<&'static str>,
        #[case] seconds: Option<u64>,
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, reqwest::header::HeaderValue::from_static("Wed, 21 Oct 2026 07:28:00 GMT"));
        if let Some(value) = header {
            headers.insert(RETRY_AFTER, reqwest::header::HeaderValue::from_static(value));
        }
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(Answer::of(StatusCode::TOO_MANY_REQUESTS, &headers), Answer::RateLimited { retry_after });
    }

    /// By the clock of this machine.
    #[test]
    fn an_upstream_that_does_not_say_the_time_is_asked_after_the_date() {
        let pause = |header| match of(429, Some(header)) {
            Answer::RateLimited { retry_after } => retry_after,
            answer => unreachable!("{answer}"),
        };
        assert_eq!(pause("Mon, 01 Jan 2001 00:00:00 GMT"), Some(Duration::ZERO));
        assert!(pause("Fri, 01 Jan 2100 00:00:00 GMT").is_some_and(|pause| pause > Duration::from_hours(1)));
    }

    #[rstest]
    #[case(r#"{"name": "a/b", "tags": ["1"]}"#, true)]
    #[case(r#"{"name": "a/b", "tags": null}"#, true)]
    #[case(r#"{"name": "library/a", "tags": []}"#, true)]
    #[case(r#"{"name": "a/b"}"#, true)]
    #[case(r#"{"name": "other"}"#, false)]
    #[case(r#"{"tags": "none"}"#, false)]
    #[case("{}", false)]
    #[case("[]", false)]
    #[case("", false)]
    #[case("<html>", false)]
    fn a_list_of_tags_is_one_of_a_registry(#[case] body: &str, #[case] expected: bool) {
        assert_eq!(is_list_of_tags(body.as_bytes(), "a/b"), expected);
    }

    #[rstest]
    #[case(r#"{"token": "a", "access_token": "b"}"#, Some("a"))]
    #[case(r#"{"access_token": "b", "expires_in": 60}"#, Some("b"))]
    #[case(r#"{"token": "", "access_token": "b"}"#, Some("b"))]
    #[case(r#"{"token": 1}"#, None)]
    #[case("[]", None)]
    #[case("", None)]
    fn a_token_is_in_one_of_two_places(#[case] body: &str, #[case] expected: Option<&str>) {
        assert_eq!(token(body.as_bytes()).as_ref().map(|token| token.as_str()), expected);
    }
}
