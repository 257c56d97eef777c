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
/// How long clients and nodes may take to trust the next authority of the installation, once it is where they read it.
const ROOT_PUBLICATION: Duration = Duration::from_hours(48);
/// How long it may take until the next authority of the installation is everywhere: then nobody is waited for.
const ROOT_SPREAD: Duration = Duration::from_hours(7 * 24);
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
    /// Whether all Secrets that hold the authority that signs hold the next one, too.
    pub is_everywhere: bool,
    /// Since when that is noted.
    pub published: Option<SystemTime>,
    /// How many authorities are trusted.
    pub trusted: usize,
    /// Since when the authority signs; `None` if no other one did before.
    pub since: Option<SystemTime>,
}

/// How an authority is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rollover {
    /// Whether the Secret must note that the next authority is published.
    pub next_is_published: bool,
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
    /// Note that everybody can know the next one.
    Publish,
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
            Some(_) if rollover.next_is_published => Some(Step::Publish),
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

/// How the authority of the installation is replaced. Clients learn of it by their Secrets, so it waits for them, from the
/// moment on when all Secrets hold it: the controller may have been away since it was made.
#[must_use]
pub fn root_rollover(root: &AuthoritySecret, now: SystemTime) -> Rollover {
    let is_over = |since: SystemTime, pause| since + pause <= now;
    let has_spread = || root.is_everywhere || root.next.is_some_and(|next| is_over(next.made, ROOT_SPREAD));
    Rollover {
        next_is_published: root.published.is_none() && has_spread(),
        next_is_trusted: root.published.is_some_and(|published| is_over(published, ROOT_PUBLICATION)),
        old_is_kept: SERVER_LIFE,
    }
}

/// How a token authority is replaced. Its registries read whom they trust when they start, so it waits for their Pods;
/// `longest` is the longest life of a token.
#[must_use]
pub fn token_rollover(pods_trust_it: bool, longest: Duration) -> Rollover {
    let old_is_kept = longest + LEEWAY + KEY_DELAY;
    Rollover { next_is_published: false, next_is_trusted: pods_trust_it, old_is_kept }
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
mod tests;
