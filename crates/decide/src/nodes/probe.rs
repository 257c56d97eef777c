//! Which mirrors are asked whether they answer, when, and what follows from their answers.
//!
//! A mirror is asked before it is written, and while it is there. Three answers in a row that contradict what is known change
//! it; after the first of them the mirror is asked more often, so that a dead one is known within five seconds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use policy::container_registries::{Endpoint, Fallback, Host, Registries, Registry, Scheme};

/// How often a mirror is asked.
const PERIOD: Duration = Duration::from_secs(2);
/// How often a mirror is asked after an answer that contradicts what is known.
const PERIOD_IN_DOUBT: Duration = Duration::from_millis(500);
/// How long an answer is waited for.
pub const TIMEOUT: Duration = Duration::from_secs(1);
/// How many mirrors are asked at the same time. Those that are silent take a second each, and two questions overlap: so many
/// are enough for 256 mirrors that die together. With TLS each takes some 50 KiB.
pub const MOST_ASKED: usize = 512;
/// How many answers in a row change what is known.
const IN_A_ROW: u32 = 3;

/// What is asked of a mirror.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Target {
    /// Whether with TLS.
    pub tls: bool,
    /// The host, an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path, with a `/` at its start.
    pub path: String,
}

/// All mirrors that are asked, and what is known of them.
#[derive(Debug, Default)]
pub struct Mirrors(BTreeMap<Target, Mirror>);

/// What is known of a mirror.
#[derive(Debug)]
struct Mirror {
    /// Whether it answers; `None` until the first answer, or the first failure.
    is_up: Option<bool>,
    /// How many answers in a row contradict that.
    contrary: u32,
    /// When it was asked last, or became known.
    asked: Instant,
    /// When it is asked next.
    next: Instant,
}

impl Target {
    /// What is asked of an endpoint.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        let tls = endpoint.scheme == Scheme::Https;
        let address = &endpoint.address;
        Self {
            tls,
            host: address.host().to_owned(),
            port: address.port().unwrap_or(if tls { 443 } else { 80 }),
            path: format!("{}{}/", address.path(), if endpoint.override_path { "" } else { "/v2" }),
        }
    }
}

impl Mirrors {
    /// Asks the mirrors of these registries from now on, and no others. What is known of a mirror stays known.
    pub fn follow(&mut self, registries: &Registries, now: Instant) {
        let mut known = std::mem::take(&mut self.0);
        for (host, registry) in &registries.0 {
            for (_, endpoint) in mirrors(host, registry) {
                let target = Target::of(endpoint);
                let new = || Mirror { is_up: None, contrary: 0, asked: now, next: now };
                let mirror = known.remove(&target);
                self.0.entry(target).or_insert_with(|| mirror.unwrap_or_else(new));
            }
        }
    }

    /// When a mirror is asked next. `None` if there is none.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.0.values().map(|mirror| mirror.next).min()
    }

    /// The mirrors to ask now, those first that wait longest, and no more than `most`.
    pub fn due(&mut self, now: Instant, most: usize) -> Vec<Target> {
        let mut due: Vec<_> = self.0.iter_mut().filter(|(_, mirror)| mirror.next <= now).collect();
        due.sort_by_key(|(_, mirror)| mirror.next);
        due.truncate(most);
        let start = |(target, mirror): (&Target, &mut Mirror)| {
            mirror.asked = now;
            mirror.next = now + if mirror.contrary > 0 { PERIOD_IN_DOUBT } else { PERIOD };
            target.clone()
        };
        due.into_iter().map(start).collect()
    }

    /// Whether a mirror has answered. Returns whether that changes what is known.
    pub fn answered(&mut self, target: &Target, answers: bool, now: Instant) -> bool {
        // It may have gone in between.
        let Some(mirror) = self.0.get_mut(target) else { return false };
        let is_contrary = mirror.is_up.is_some_and(|is_up| is_up != answers);
        if !is_contrary {
            mirror.contrary = 0;
            return mirror.is_up.replace(answers).is_none();
        }
        mirror.contrary += 1;
        if mirror.contrary == 1 {
            mirror.next = now.max(mirror.asked + PERIOD_IN_DOUBT);
        }
        let is_change = mirror.contrary >= IN_A_ROW;
        if is_change {
            mirror.is_up = Some(answers);
            mirror.contrary = 0;
            mirror.next = now + PERIOD;
        }
        is_change
    }

    /// The registry without mirrors that do not answer. `None` while it is not known whether one of them does, and an empty
    /// list if no endpoint is left.
    #[must_use]
    pub fn answering(&self, host: &Host, registry: &Registry) -> Option<Registry> {
        let mut endpoints = registry.endpoints.clone();
        // From the end, so that what is left keeps its index.
        for (index, endpoint) in mirrors(host, registry).collect::<Vec<_>>().into_iter().rev() {
            if !self.0.get(&Target::of(endpoint))?.is_up? {
                endpoints.remove(index);
            }
        }
        Some(Registry { endpoints, ..registry.clone() })
    }

    /// How many mirrors answer.
    #[must_use]
    pub fn up(&self) -> usize {
        self.0.values().filter(|mirror| mirror.is_up == Some(true)).count()
    }

    /// How many mirrors are asked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no mirror is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The endpoints that are asked, with their indices: not the registry that images name; not the last one where there is
/// nothing else; and none at an address that means another machine in the network of the agent than in that of the node.
fn mirrors<'a>(host: &'a Host, registry: &'a Registry) -> impl Iterator<Item = (usize, &'a Endpoint)> {
    let last = registry.endpoints.len().saturating_sub(1);
    registry.endpoints.iter().enumerate().filter(move |(index, endpoint)| {
        let is_needed = registry.fallback == Fallback::None && *index == last;
        !is_needed && !endpoint.is_upstream_of(host) && !endpoint.address.is_of_the_node()
    })
}

#[cfg(test)]
mod tests;
