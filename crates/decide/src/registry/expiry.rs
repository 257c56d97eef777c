//! When an account expires, and what the controller does about it.

use std::time::Duration;

use api::registry::ImageRegistryAccount;
use jiff::Timestamp;
use policy::duration;

/// How long an expired account stays. The token server refuses it from the first moment on; this is for clocks that differ.
const GRACE: Duration = Duration::from_secs(10);

/// What to do for an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expiry {
    /// It never expires, or nobody can say when.
    Never,
    /// Write into its status when it expires, then look again.
    Report(Timestamp),
    /// It is reported: look again after this time.
    Wait(Duration),
    /// Delete it.
    Delete,
}

/// What to do for an account at a time.
#[must_use]
pub fn decide(account: &ImageRegistryAccount, now: Timestamp) -> Expiry {
    let Some(expires) = account.spec.ttl.as_deref().and_then(|ttl| expires(account, ttl)) else {
        return Expiry::Never;
    };
    let left = super::later(expires, GRACE).duration_since(now);
    let Some(left) = Duration::try_from(left).ok().filter(|left| !left.is_zero()) else {
        return Expiry::Delete;
    };
    let reported = account.status.as_ref().and_then(|status| status.expires_at.as_ref());
    if reported.is_none_or(|reported| reported.0.as_second() != expires.as_second()) {
        return Expiry::Report(expires);
    }
    Expiry::Wait(left)
}

/// When an account with a life expires: the API server says when it began. `None` if the life is no duration.
#[must_use]
pub fn expires(account: &ImageRegistryAccount, ttl: &str) -> Option<Timestamp> {
    account.metadata.creation_timestamp.as_ref()?.0.checked_add(lifetime(ttl)?).ok()
}

/// A life, as it is written.
#[must_use]
pub fn lifetime(ttl: &str) -> Option<Duration> {
    Some(Duration::from_nanos(u64::try_from(duration::parse(ttl)?).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::without_a_life(None, None, "2026-11-27T12:00:00Z", Expiry::Never)]
    #[case::no_duration(Some("tomorrow"), None, "2026-11-27T12:00:00Z", Expiry::Never)]
    #[case::beyond_all_times(Some("-1h"), None, "2026-11-27T12:00:00Z", Expiry::Never)]
    #[case::new(Some("1h"), None, "2026-11-27T12:00:00Z", Expiry::Report(at("2026-11-27T13:00:00Z")))]
    #[case::reported(
        Some("1h"),
        Some("2026-11-27T13:00:00Z"),
        "2026-11-27T12:00:00Z",
        Expiry::Wait(Duration::from_secs(3610))
    )]
    #[case::with_another_life(
        Some("2h"),
        Some("2026-11-27T13:00:00Z"),
        "2026-11-27T12:00:00Z",
        Expiry::Report(at("2026-11-27T14:00:00Z"))
    )]
    #[case::with_parts_of_a_second(
        Some("1.5s"),
        Some("2026-11-27T12:00:01Z"),
        "2026-11-27T12:00:00Z",
        Expiry::Wait(Duration::from_millis(11_500))
    )]
    #[case::expired_just_now(
        Some("1h"),
        Some("2026-11-27T13:00:00Z"),
        "2026-11-27T13:00:00Z",
        Expiry::Wait(Duration::from_secs(10))
    )]
    #[case::expired(Some("1h"), Some("2026-11-27T13:00:00Z"), "2026-11-27T13:00:10Z", Expiry::Delete)]
    #[case::expired_before_it_was_reported(Some("1h"), None, "2026-11-28T12:00:00Z", Expiry::Delete)]
    fn an_account_expires_once(
        #[case] ttl: Option<&str>,
        #[case] reported: Option<&str>,
        #[case] now: &str,
        #[case] expected: Expiry,
    ) {
        let account = json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageRegistryAccount",
            "metadata": {"name": "ci", "creationTimestamp": "2026-11-27T12:00:00Z"},
            "spec": {"ttl": ttl},
            "status": {"expiresAt": reported},
        });
        assert_eq!(decide(&serde_json::from_value(account).unwrap(), at(now)), expected);
    }
}
