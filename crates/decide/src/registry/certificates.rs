//! When certificates of registries are made and replaced, and in which steps, so that nothing is refused meanwhile: a new
//! authority is trusted before it signs, and the old one until nothing that it signed is in use.

use std::time::{Duration, SystemTime};

use api::names::registry::ROOT_CA;

/// How long a certificate of a registry is valid.
pub const SERVER_LIFE: Duration = Duration::from_hours(90 * 24);
/// How long a token authority is valid: five years.
pub const AUTHORITY_LIFE: Duration = Duration::from_hours(5 * 365 * 24);
/// How long the authority of the installation is valid: ten years.
pub const ROOT_LIFE: Duration = Duration::from_hours(10 * 365 * 24);
/// How long clients and nodes may take to trust the next authority of the installation.
const ROOT_PUBLICATION: Duration = Duration::from_hours(48);
/// How long gateways may take to sign with the key of another authority: until the kubelet has written it into their Pods,
/// and they have read it.
const KEY_DELAY: Duration = Duration::from_mins(5);
/// How long after its end a registry accepts a token.
const LEEWAY: Duration = Duration::from_mins(1);

/// When a certificate was made, and when it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Life {
    /// When it was made.
    pub made: SystemTime,
    /// When it ends.
    pub ends: SystemTime,
}

impl Life {
    /// Whether it has not ended. A clock that goes back ends nothing.
    #[must_use]
    pub fn is_valid(self, now: SystemTime) -> bool {
        now < self.ends
    }

    /// When it is replaced: after three quarters of its life.
    #[must_use]
    pub fn due(self) -> SystemTime {
        self.made + self.ends.duration_since(self.made).unwrap_or_default() * 3 / 4
    }

    fn is_due(self, now: SystemTime) -> bool {
        self.due() <= now
    }
}

/// What the Secret of an authority holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuthoritySecret {
    /// The authority that signs; `None` if there is none, or key and certificate do not belong together.
    pub signs: Option<Life>,
    /// The authority that signs next, which is trusted already.
    pub next: Option<Life>,
    /// How many authorities are trusted.
    pub trusted: usize,
    /// Since when the authority signs; `None` if no other one did before.
    pub since: Option<SystemTime>,
}

/// How an authority is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rollover {
    /// Whether everybody who must trust the next authority does.
    pub next_is_trusted: bool,
    /// How long the old one stays trusted after the next one signs.
    pub old_is_kept: Duration,
}

/// A step in the life of an authority.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Make one that signs at once: there is none.
    Make,
    /// Make the next one, and trust it.
    Prepare,
    /// Let the next one sign.
    Promote,
    /// Trust the authority that signs alone.
    Forget,
}

impl AuthoritySecret {
    /// The next step, if one is due.
    #[must_use]
    pub fn step(&self, rollover: Rollover, now: SystemTime) -> Option<Step> {
        let next = self.next.filter(|next| next.is_valid(now));
        let Some(signs) = self.signs.filter(|signs| signs.is_valid(now)) else {
            return Some(if next.is_some() { Step::Promote } else { Step::Make });
        };
        match next {
            Some(_) if rollover.next_is_trusted => Some(Step::Promote),
            Some(_) => None,
            None if signs.is_due(now) => Some(Step::Prepare),
            None => self.forgets(rollover).filter(|forgets| *forgets <= now).map(|_| Step::Forget),
        }
    }

    /// When to look again if nothing changes before.
    #[must_use]
    pub fn wake(&self, rollover: Rollover) -> Option<SystemTime> {
        let due = self.signs.map(|signs| if self.next.is_some() { signs.ends } else { signs.due() });
        due.into_iter().chain(self.forgets(rollover)).min()
    }

    fn forgets(&self, rollover: Rollover) -> Option<SystemTime> {
        let since = self.since.filter(|_| self.trusted > 1 && self.next.is_none())?;
        Some(since + rollover.old_is_kept)
    }
}

/// How the authority of the installation is replaced. Clients learn of it by their Secrets, so it waits for them.
#[must_use]
pub fn root_rollover(root: &AuthoritySecret, now: SystemTime) -> Rollover {
    let published = root.next.map(|next| next.made + ROOT_PUBLICATION);
    Rollover {
        next_is_trusted: published.is_some_and(|published| published <= now),
        old_is_kept: SERVER_LIFE,
    }
}

/// How a token authority is replaced. Its registries read whom they trust when they start, so it waits for their Pods;
/// `longest` is the longest life of a token.
#[must_use]
pub fn token_rollover(pods_trust_it: bool, longest: Duration) -> Rollover {
    Rollover { next_is_trusted: pods_trust_it, old_is_kept: longest + LEEWAY + KEY_DELAY }
}

/// What the Secret of a certificate holds that the authority of the installation signs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ServerSecret {
    /// The certificate; `None` if there is none, or the key does not belong to it.
    pub serves: Option<Life>,
    /// Whether the authority of the installation has signed it for all names that are wanted, and no others.
    pub is_as_wanted: bool,
    /// Whether clients find in it all authorities that they must trust.
    pub has_authorities: bool,
}

impl ServerSecret {
    /// Whether a new certificate is signed.
    #[must_use]
    pub fn is_due(&self, now: SystemTime) -> bool {
        let fits = self.is_as_wanted && self.has_authorities;
        !self.serves.is_some_and(|life| fits && life.is_valid(now) && !life.is_due(now))
    }
}

/// The common name of an authority. Each has one of its own, so that nobody takes one for the other.
#[must_use]
pub fn authority_name(secret: &str, namespace: &str, now: SystemTime) -> String {
    let made = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    if secret == ROOT_CA { format!("{secret} {made}") } else { format!("{secret}.{namespace} {made}") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const KEPT: Duration = Duration::from_hours(3);

    fn start() -> SystemTime {
        SystemTime::UNIX_EPOCH + HOUR * 24 * 20_000
    }

    /// A life of 100 hours that starts some hours after the start.
    fn life(made: u32) -> Life {
        Life { made: start() + HOUR * made, ends: start() + HOUR * (made + 100) }
    }

    fn secret(signs: Option<u32>, next: Option<u32>, trusted: usize, since: Option<u32>) -> AuthoritySecret {
        let since = since.map(|hours| start() + HOUR * hours);
        AuthoritySecret { signs: signs.map(life), next: next.map(life), trusted, since }
    }

    #[rstest]
    #[case::nothing(secret(None, None, 0, None), 0, false, Some(Step::Make))]
    #[case::fresh(secret(Some(0), None, 1, None), 74, false, None)]
    #[case::due(secret(Some(0), None, 1, None), 75, false, Some(Step::Prepare))]
    #[case::the_clock_goes_back(secret(Some(50), None, 1, None), 0, false, None)]
    #[case::not_trusted_everywhere(secret(Some(0), Some(75), 2, None), 76, false, None)]
    #[case::trusted_everywhere(secret(Some(0), Some(75), 2, None), 76, true, Some(Step::Promote))]
    #[case::ended_before_it_was_trusted(secret(Some(0), Some(75), 2, None), 100, false, Some(Step::Promote))]
    #[case::ended_with_the_next_one(secret(Some(0), Some(0), 2, None), 100, true, Some(Step::Make))]
    #[case::the_next_one_has_ended(secret(Some(90), Some(0), 2, None), 165, true, Some(Step::Prepare))]
    #[case::the_old_one_is_kept(secret(Some(75), None, 2, Some(76)), 78, true, None)]
    #[case::the_old_one_goes(secret(Some(75), None, 2, Some(76)), 79, true, Some(Step::Forget))]
    #[case::there_is_no_old_one(secret(Some(75), None, 1, Some(76)), 79, true, None)]
    #[case::damaged_but_prepared(secret(None, Some(75), 2, None), 76, false, Some(Step::Promote))]
    fn an_authority_is_replaced_in_steps(
        #[case] secret: AuthoritySecret,
        #[case] hours: u32,
        #[case] next_is_trusted: bool,
        #[case] expected: Option<Step>,
    ) {
        let rollover = Rollover { next_is_trusted, old_is_kept: KEPT };
        assert_eq!(secret.step(rollover, start() + HOUR * hours), expected);
    }

    #[rstest]
    #[case::until_it_is_due(secret(Some(0), None, 1, None), Some(75))]
    #[case::until_it_ends(secret(Some(0), Some(75), 2, None), Some(100))]
    #[case::until_the_old_one_goes(secret(Some(75), None, 2, Some(76)), Some(79))]
    #[case::nothing(secret(None, None, 0, None), None)]
    fn it_sleeps_until_a_step_is_due(#[case] secret: AuthoritySecret, #[case] expected: Option<u32>) {
        let rollover = Rollover { next_is_trusted: false, old_is_kept: KEPT };
        assert_eq!(secret.wake(rollover), expected.map(|hours| start() + HOUR * hours));
    }

    #[test]
    fn the_next_authority_of_the_installation_is_published_for_two_days() {
        let root = secret(Some(0), Some(75), 2, None);
        assert!(!root_rollover(&root, start() + HOUR * 122).next_is_trusted);
        assert!(root_rollover(&root, start() + HOUR * 123).next_is_trusted);
        assert!(!root_rollover(&secret(Some(0), None, 1, None), start() + HOUR * 99).next_is_trusted);
    }

    #[test]
    fn an_old_token_authority_outlives_its_tokens() {
        let rollover = token_rollover(true, Duration::from_mins(15));
        assert_eq!(rollover, Rollover { next_is_trusted: true, old_is_kept: Duration::from_mins(21) });
    }

    #[rstest]
    #[case::missing(None, true, true, 0, true)]
    #[case::fresh(Some(0), true, true, 74, false)]
    #[case::due(Some(0), true, true, 75, true)]
    #[case::of_other_names(Some(0), false, true, 1, true)]
    #[case::another_authority(Some(0), true, false, 1, true)]
    #[case::ended(Some(0), true, true, 100, true)]
    fn a_certificate_is_signed_when_it_is_due(
        #[case] serves: Option<u32>,
        #[case] is_as_wanted: bool,
        #[case] has_authorities: bool,
        #[case] hours: u32,
        #[case] expected: bool,
    ) {
        let secret = ServerSecret { serves: serves.map(life), is_as_wanted, has_authorities };
        assert_eq!(secret.is_due(start() + HOUR * hours), expected);
    }

    #[test]
    fn authorities_have_names_of_their_own() {
        assert_eq!(authority_name(ROOT_CA, "kyma-system", start()), "image-registry-root-ca 1728000000000");
        assert_eq!(authority_name("x-auth-ca", "shop", start()), "x-auth-ca.shop 1728000000000");
    }
}
