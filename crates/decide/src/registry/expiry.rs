//! When an account expires, and what the controller does about it.

use std::time::Duration;

use api::registry::ImageRegistryAccount;
use jiff::Timestamp;
use policy::duration;

use super::rotation::SKEW;

/// How long an expired account stays. The token server refuses it from the first moment on; this is for clocks that differ.
const GRACE: Duration = Duration::from_secs(10);

/// What to do for an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expiry {
    /// It never expires, or nobody can say when.
    Never,
    /// Write into its status when it expires and, if its creation lies in the future, when it was first seen. Then look again.
    Report {
        /// When it expires.
        expires: Timestamp,
        /// When it was first seen.
        first_seen: Option<Timestamp>,
    },
    /// It is reported: look again after this time.
    Wait(Duration),
    /// Delete it.
    Delete,
}

/// What to do for an account at a time.
#[must_use]
pub fn decide(account: &ImageRegistryAccount, now: Timestamp) -> Expiry {
    let (first_seen, is_new) = match (first_seen(account), created(account)) {
        (None, Some(created)) if created > super::later(now, SKEW) => (Some(now), true),
        (known, _) => (known, false),
    };
    let ttl = account.spec.ttl.as_deref();
    let Some(expires) = ttl.and_then(|ttl| expires_from(account, first_seen, ttl)) else {
        return Expiry::Never;
    };
    let left = super::later(expires, GRACE).duration_since(now);
    let Some(left) = Duration::try_from(left).ok().filter(|left| !left.is_zero()) else {
        return Expiry::Delete;
    };
    let reported = account.status.as_ref().and_then(|status| status.expires_at.as_ref());
    if is_new || reported.is_none_or(|reported| reported.0.as_second() != expires.as_second()) {
        return Expiry::Report { expires, first_seen };
    }
    Expiry::Wait(left)
}

/// When an account with a life expires: the API server says when it began, unless its clock was ahead. `None` if the life is no
/// duration.
#[must_use]
pub fn expires(account: &ImageRegistryAccount, ttl: &str) -> Option<Timestamp> {
    expires_from(account, first_seen(account), ttl)
}

fn expires_from(
    account: &ImageRegistryAccount,
    first_seen: Option<Timestamp>,
    ttl: &str,
) -> Option<Timestamp> {
    let created = created(account)?;
    first_seen.map_or(created, |seen| seen.min(created)).checked_add(lifetime(ttl)?).ok()
}

fn created(account: &ImageRegistryAccount) -> Option<Timestamp> {
    account.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

fn first_seen(account: &ImageRegistryAccount) -> Option<Timestamp> {
    account.status.as_ref()?.first_seen.as_ref().map(|time| time.0)
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

    fn report(expires: &str) -> Expiry {
        Expiry::Report { expires: at(expires), first_seen: None }
    }

    /// The clock of the API server was ahead by a day when the account was created.
    #[test]
    fn a_clock_that_was_ahead_extends_no_life() {
        let seen = "2026-11-27T12:00:00Z";
        let mut account: ImageRegistryAccount = serde_json::from_value(json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageRegistryAccount",
            "metadata": {"name": "ci", "creationTimestamp": "2026-11-28T12:00:00Z"},
            "spec": {"ttl": "1h"},
        }))
        .unwrap();
        let expires = at("2026-11-27T13:00:00Z");
        assert_eq!(decide(&account, at(seen)), Expiry::Report { expires, first_seen: Some(at(seen)) });
        let status = json!({"expiresAt": expires.to_string(), "firstSeen": seen});
        account.status = serde_json::from_value(status).unwrap();
        assert_eq!(decide(&account, at("2026-11-27T12:30:00Z")), Expiry::Wait(Duration::from_secs(1810)));
        assert_eq!(super::expires(&account, "1h"), Some(expires));
        assert_eq!(decide(&account, at("2026-11-27T13:00:10Z")), Expiry::Delete);
        // Another life is counted from then on, too.
        account.spec.ttl = Some("2h".to_owned());
        let expires = at("2026-11-27T14:00:00Z");
        assert_eq!(
            decide(&account, at("2026-11-27T12:30:00Z")),
            Expiry::Report { expires, first_seen: Some(at(seen)) }
        );
        // Clocks of several API servers differ a little.
        account.status = None;
        account.spec.ttl = Some("1h".to_owned());
        assert_eq!(decide(&account, at("2026-11-28T11:56:00Z")), report("2026-11-28T13:00:00Z"));
    }

    #[rstest]
    #[case::without_a_life(None, None, "2026-11-27T12:00:00Z", Expiry::Never)]
    #[case::no_duration(Some("tomorrow"), None, "2026-11-27T12:00:00Z", Expiry::Never)]
    #[case::beyond_all_times(Some("-1h"), None, "2026-11-27T12:00:00Z", Expiry::Never)]
    #[case::new(Some("1h"), None, "2026-11-27T12:00:00Z", report("2026-11-27T13:00:00Z"))]
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
        report("2026-11-27T14:00:00Z")
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
