//! The plan for an `ImageRegistry`: its Service first, whose address is a name in the certificate, then certificates, then its
//! other objects. Its Pods change only when all that they need is there, so a mistake leaves the last good ones as they are.

use std::time::{Duration, SystemTime};

use api::names::image_registry::{authority_certificate, shared_keys, tls_certificate};
use api::names::registry::{ROOT_CA, of_registry, volume_claim};
use serde_json::Value;

use super::certificates::{AuthoritySecret, Life, Rollover, Step, root_rollover, token_rollover};
use super::instance::{Instance, Source};
use super::objects::{self, Pods};
use super::observed::{Certified, GivenSecret, Observed, Own, Rollout};
use super::problem::Problem;
use super::rules;
use crate::owner::is_owned;
use crate::plan::{self, Name, Step as ObjectStep, Wanted};
use crate::{Kind, drift};

/// What is made with random numbers. It is made before anything else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Issue {
    /// A step of the authority of the installation.
    Root(Step),
    /// A step of the token authority.
    Tokens(Step),
    /// A certificate of the registry.
    Server,
    /// The keys that replicas share.
    Keys,
}

/// The writes that a registry needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What is made first. Then everything is decided again.
    pub issues: Vec<Issue>,
    /// The steps for its objects, in order. With issues, it is the Service alone, if there is none.
    pub steps: Vec<ObjectStep>,
    /// What is wrong, the most important first.
    pub problems: Vec<Problem>,
    /// When to reconcile again, if nothing changes before.
    pub wake: Option<Duration>,
}

/// The objects of a registry that are looked up, by kind and name.
#[must_use]
pub fn names(instance: &Instance<'_>) -> [(Kind, String); 11] {
    let name = instance.name;
    let account = || of_registry(name);
    [
        (Kind::ServiceAccount, account()),
        (Kind::Role, account()),
        (Kind::RoleBinding, account()),
        (Kind::Service, name.to_owned()),
        (Kind::NetworkPolicy, account()),
        (Kind::PersistentVolumeClaim, volume_claim(name)),
        (Kind::PodDisruptionBudget, account()),
        (Kind::Certificate, tls_certificate(name)),
        (Kind::Certificate, authority_certificate(name)),
        (Kind::ConfigMap, account()),
        (Kind::StatefulSet, name.to_owned()),
    ]
}

/// Decides.
#[must_use]
pub fn decide(instance: &Instance<'_>, observed: &Observed, now: SystemTime) -> Plan {
    let mut plan = Plan::default();
    let stored = |kind, name: &str| observed.stored.get(&(kind, name.to_owned()));

    let map = stored(Kind::ConfigMap, &of_registry(instance.name));
    let map = map.filter(|map| is_ours(instance, Kind::ConfigMap, map));
    let (rules, bad_rules) = match instance.rules_map() {
        Some(name) => rules::judged(name, observed.rules.as_ref(), map.and_then(objects::last_good)),
        None => (Some(instance.policy()), None),
    };
    let trusted = observed.trusted.as_str();
    let running = rules.map(|rules| {
        let pods = objects::stateful_set(instance, Pods { rules, trusted });
        (objects::config_map(instance, rules, trusted), pods)
    });
    let is_rolled_out = running.as_ref().is_some_and(|(configuration, pods)| {
        let is_stored =
            |stored: &Value| drift::is_stored(&pods.object, stored) && Rollout::of(stored).is_complete();
        // Pods that have restarted with an older configuration do not trust what it says.
        map.is_some_and(|map| drift::is_stored(&configuration.object, map))
            && stored(Kind::StatefulSet, instance.name).is_some_and(is_stored)
    });

    certificates(instance, observed, is_rolled_out, now, &mut plan);
    if !plan.issues.is_empty() {
        if stored(Kind::Service, instance.name).is_none() {
            plan.steps.push(ObjectStep::Create(objects::service(instance)));
        }
        return plan;
    }
    let is_certified = plan.problems.is_empty();
    plan.problems.extend(bad_rules);
    let wanted =
        objects::foundation(instance, stored(Kind::PersistentVolumeClaim, &volume_claim(instance.name)));
    leftovers(instance, observed, &wanted, &mut plan.steps);
    let mut is_free = true;
    for wanted in wanted {
        is_free &= ensure(instance, observed, wanted, &mut plan);
    }
    // Without certificates or rules, the last configuration stays as it is, too: Pods may start again at any time.
    let Some((configuration, pods)) = running.filter(|_| is_certified) else { return plan };
    // Pods would use what somebody else has put there: rules, a volume, an account.
    if ensure(instance, observed, configuration, &mut plan) && is_free {
        ensure(instance, observed, pods, &mut plan);
    }
    plan
}

/// Whether a stored object may be changed for a registry.
#[must_use]
pub fn is_ours(instance: &Instance<'_>, kind: Kind, stored: &Value) -> bool {
    is_owned(stored, instance.uid) || kind == Kind::PersistentVolumeClaim && objects::is_of(instance, stored)
}

/// Plans to write an object, unless it is stored as wanted. Answers whether its name is free.
fn ensure(instance: &Instance<'_>, observed: &Observed, wanted: Wanted, plan: &mut Plan) -> bool {
    let key = (wanted.kind, wanted.name.clone());
    let is_ours = |stored: &Value| is_ours(instance, key.0, stored);
    match plan::ensure(observed.stored.get(&key), wanted, is_ours, &mut plan.steps) {
        Name::Free => true,
        Name::Taken => {
            plan.problems.push(Problem::taken(key.0, &key.1));
            false
        }
    }
}

/// Deletes what is no longer wanted, except volumes: they hold images.
fn leftovers(instance: &Instance<'_>, observed: &Observed, wanted: &[Wanted], steps: &mut Vec<ObjectStep>) {
    for ((kind, name), stored) in &observed.stored {
        let is_optional = matches!(kind, Kind::PodDisruptionBudget | Kind::Certificate);
        let is_wanted = wanted.iter().any(|wanted| wanted.kind == *kind && wanted.name == *name);
        if is_optional && !is_wanted && is_owned(stored, instance.uid) {
            steps.push(ObjectStep::Delete(*kind, name.clone()));
        }
    }
}

/// What is made, what is missing, and when something is due.
fn certificates(
    instance: &Instance<'_>,
    observed: &Observed,
    is_rolled_out: bool,
    now: SystemTime,
    plan: &mut Plan,
) {
    let mut due = Vec::new();
    match &observed.tls {
        Certified::Own(server) => {
            let rollover = |root: &AuthoritySecret| root_rollover(root, now);
            let is_signing = authority(&observed.root, rollover, ROOT_CA, now, Issue::Root, plan, &mut due);
            match server {
                Own::Foreign => plan.problems.push(Problem::taken(Kind::Secret, &instance.tls_secret())),
                Own::Stored(server) if !server.is_due(now) => due.extend(server.serves.map(Life::due)),
                Own::Missing | Own::Stored(_) if is_signing => plan.issues.push(Issue::Server),
                Own::Missing | Own::Stored(_) => {}
            }
        }
        Certified::Given(given) => {
            let problem = given_problem(instance.tls(), &instance.tls_secret(), *given, false, now);
            plan.problems.extend(problem);
            due.extend(given.and_then(|given| given.certificate).map(|certificate| certificate.ends));
        }
    }
    let name = instance.authority_secret();
    match &observed.tokens {
        Certified::Own(tokens) => {
            let rollover = |_: &AuthoritySecret| token_rollover(is_rolled_out, instance.longest_ttl());
            authority(tokens, rollover, &name, now, Issue::Tokens, plan, &mut due);
        }
        Certified::Given(given) => {
            plan.problems.extend(given_problem(instance.token_authority(), &name, *given, true, now));
            due.extend(given.and_then(|given| given.certificate).map(|certificate| certificate.ends));
        }
    }
    match observed.keys {
        Own::Stored(true) => {}
        Own::Foreign => plan.problems.push(Problem::taken(Kind::Secret, &shared_keys(instance.name))),
        Own::Missing | Own::Stored(false) => plan.issues.push(Issue::Keys),
    }
    plan.wake = due.into_iter().filter_map(|due| due.duration_since(now).ok()).min();
}

/// The next step of an authority. Whether it signs already, and goes on to.
fn authority(
    secret: &Own<AuthoritySecret>,
    rollover: impl Fn(&AuthoritySecret) -> Rollover,
    name: &str,
    now: SystemTime,
    issue: fn(Step) -> Issue,
    plan: &mut Plan,
    due: &mut Vec<SystemTime>,
) -> bool {
    let Some(next) = secret.next(rollover, now) else {
        let is_root = name == ROOT_CA;
        let problem = if is_root { Problem::foreign_root(name) } else { Problem::taken(Kind::Secret, name) };
        plan.problems.push(problem);
        return false;
    };
    plan.issues.extend(next.step.map(issue));
    due.extend(next.wake);
    next.step.is_none()
}

/// What is wrong with a Secret that somebody else writes.
fn given_problem(
    source: Source<'_>,
    name: &str,
    given: Option<GivenSecret>,
    must_sign: bool,
    now: SystemTime,
) -> Option<Problem> {
    let message = match given {
        None if matches!(source, Source::Issuer(_)) => {
            format!("cert-manager has not written Secret {name} yet: its Certificate says why")
        }
        None => format!("Secret {name} does not exist: create it with tls.crt, tls.key and ca.crt"),
        Some(GivenSecret { certificate: None, .. }) => {
            format!(
                "Secret {name} must hold a certificate in tls.crt, and the key that belongs to it in tls.key"
            )
        }
        Some(GivenSecret { certificate: Some(life), .. }) if !life.is_valid(now) => {
            format!("the certificate in Secret {name} has expired")
        }
        Some(given) if must_sign && !given.is_authority => {
            format!(
                "the certificate in Secret {name} must be that of an authority: it signs the keys of tokens"
            )
        }
        Some(_) => return None,
    };
    Some(Problem::certificate(message))
}

#[cfg(test)]
mod tests;
