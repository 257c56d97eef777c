//! The plan for a cache: its Service first, whose address is a name in the certificate, then certificates, then its other
//! objects. Its Pods change only when all that they need is there, so a mistake leaves the last good ones as they are.

use std::time::{Duration, SystemTime};

use api::names::cache::{authority, proven, tls, token_authority};
use api::names::registry::ROOT_CA;
use policy::registry_caches::Collision;
use serde_json::Value;

use super::instance::{Access, Instance};
use super::objects::{self, Trusted};
use super::observed::{Observed, RemoteCa};
use super::problem::Problem;
use super::secrets;
use crate::owner::is_owned;
use crate::plan::{self, Name, Step as ObjectStep, Wanted};
use crate::registry::cache_access::TOKEN_LIFE;
use crate::registry::certificates::{AuthoritySecret, Life, Step, root_rollover, token_rollover};
use crate::registry::observed::{Own, Rollout};
use crate::registry::problem::Problem as RegistryProblem;
use crate::{Kind, drift};

/// What is made with random numbers. It is made before Pods are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Issue {
    /// A step of the authority of the installation.
    Root(Step),
    /// A step of the token authority.
    Tokens(Step),
    /// A certificate of the cache.
    Server,
}

/// The writes that a cache needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What is made first. Then everything is decided again.
    pub issues: Vec<Issue>,
    /// The steps for its objects, in order. With issues, it is the Service alone.
    pub steps: Vec<ObjectStep>,
    /// What is wrong, the most important first.
    pub problems: Vec<Problem>,
    /// When to reconcile again, if nothing changes before.
    pub wake: Option<Duration>,
}

/// The objects of a cache that are looked up, by kind and name. Its Secrets with certificates and credentials are looked up
/// besides, and its Services and Secrets are listed.
#[must_use]
pub fn names(instance: &Instance<'_>) -> [(Kind, String); 7] {
    let name = || instance.resource.clone();
    [
        (Kind::Service, instance.service.clone()),
        (Kind::ServiceAccount, name()),
        (Kind::Role, name()),
        (Kind::RoleBinding, name()),
        (Kind::NetworkPolicy, name()),
        (Kind::PodDisruptionBudget, name()),
        (Kind::StatefulSet, name()),
    ]
}

/// Decides.
#[must_use]
pub fn decide(instance: &Instance<'_>, observed: &Observed, now: SystemTime) -> Plan {
    let mut plan = Plan::default();
    let service = objects::service(instance);
    if !ensure(instance, observed, service.clone(), &mut plan) {
        return plan;
    }
    let remote = match &observed.remote_ca {
        RemoteCa::Public => None,
        RemoteCa::Pem(pem) => Some(pem.as_str()),
        RemoteCa::Missing => {
            let secret = instance.remote_ca_secret().unwrap_or_default();
            plan.problems.push(Problem::remote_ca(&format!("{}/{secret}", instance.namespace())));
            None
        }
    };
    let config = objects::config_secret(instance, Trusted { tokens: &observed.trusted, remote });
    let pods = objects::stateful_set(instance, &config.name, remote.is_some());
    let rollout = observed.stored.get(&(Kind::StatefulSet, instance.resource.clone()));
    let is_rolled_out = rollout
        .is_some_and(|stored| drift::is_stored(&pods.object, stored) && Rollout::of(stored).is_complete());

    certificates(instance, observed, is_rolled_out, now, &mut plan);
    if !plan.issues.is_empty() {
        return plan;
    }
    let is_whole = plan.problems.is_empty();
    let mut wanted = objects::foundation(instance);
    if instance.has_tls() && !observed.authorities.is_empty() {
        wanted.push(secrets::authority(instance, &observed.authorities));
    }
    let mut needed: Vec<_> = wanted.iter().map(|wanted| (wanted.kind, wanted.name.clone())).collect();
    needed.extend([(Kind::Service, service.name), (Kind::Secret, config.name.clone())]);
    needed.extend(held_secrets(instance).into_iter().map(|name| (Kind::Secret, name)));
    let mut is_free = true;
    for wanted in wanted {
        is_free &= ensure(instance, observed, wanted, &mut plan);
    }
    if matches!(observed.proven, Own::Foreign) {
        plan.problems.push(Problem::taken(Kind::Secret, &proven(&instance.spec.upstream)));
    }
    // Without credentials that were accepted once, the cache would pull as nobody.
    let may_log_in = instance.secret().is_none() || matches!(observed.proven, Own::Stored(()));
    if is_whole && is_free && may_log_in && ensure(instance, observed, config, &mut plan) {
        ensure(instance, observed, pods, &mut plan);
    }
    if is_rolled_out {
        leftovers(instance, observed, &needed, &mut plan.steps);
    }
    plan
}

/// Deletes what has a name that an older cache has: the Service alone, or all objects. Without its Service a cache is not reached,
/// and keeps its images.
#[must_use]
pub fn given_up(instance: &Instance<'_>, observed: &Observed, collision: &Collision) -> Vec<ObjectStep> {
    let is_taken = |kind: Kind, name: &str| match collision {
        Collision::Objects(_) => true,
        Collision::Service(service) => kind == Kind::Service && name == service,
    };
    let owned = observed.stored.iter().filter(|(_, stored)| is_owned(stored, instance.uid));
    let taken = owned.filter(|((kind, stored), _)| is_taken(*kind, stored));
    taken.map(|((kind, stored), _)| ObjectStep::Delete(*kind, stored.clone())).collect()
}

/// The Secrets with certificates and credentials that a cache needs.
fn held_secrets(instance: &Instance<'_>) -> Vec<String> {
    let upstream = &instance.spec.upstream;
    let tokens = (instance.access() == Access::Authorize).then(|| token_authority(upstream));
    let tls = instance.has_tls().then(|| [tls(upstream), authority(upstream)]);
    let proven = instance.secret().map(|_| proven(upstream));
    tls.into_iter().flatten().chain(tokens).chain(proven).collect()
}

/// Plans to write an object, unless it is stored as wanted. Answers whether its name is free.
fn ensure(instance: &Instance<'_>, observed: &Observed, wanted: Wanted, plan: &mut Plan) -> bool {
    let key = (wanted.kind, wanted.name.clone());
    let is_ours = |stored: &Value| is_owned(stored, instance.uid);
    match plan::ensure(observed.stored.get(&key), wanted, is_ours, &mut plan.steps) {
        Name::Free => true,
        Name::Taken => {
            plan.problems.push(Problem::taken(key.0, &key.1));
            false
        }
    }
}

/// Deletes what no Pod uses any more. A service account and a Role without their binding grant nothing, and stay.
fn leftovers(
    instance: &Instance<'_>,
    observed: &Observed,
    needed: &[(Kind, String)],
    steps: &mut Vec<ObjectStep>,
) {
    for (key, stored) in &observed.stored {
        let is_optional =
            matches!(key.0, Kind::PodDisruptionBudget | Kind::RoleBinding | Kind::Secret | Kind::Service);
        if is_optional && !needed.contains(key) && is_owned(stored, instance.uid) {
            steps.push(ObjectStep::Delete(key.0, key.1.clone()));
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
    if instance.has_tls() {
        let is_signing = match observed.root.next(|root: &AuthoritySecret| root_rollover(root, now), now) {
            None => {
                let RegistryProblem { message, .. } = RegistryProblem::foreign_root(ROOT_CA);
                let reason = api::cache::CacheReason::NameConflict;
                plan.problems.push(Problem { reason, message });
                false
            }
            Some(next) => {
                plan.issues.extend(next.step.map(Issue::Root));
                due.extend(next.wake);
                next.step.is_none()
            }
        };
        match &observed.tls {
            Own::Foreign => plan.problems.push(Problem::taken(Kind::Secret, &tls(&instance.spec.upstream))),
            Own::Stored(server) if !server.is_due(now) => due.extend(server.serves.map(Life::due)),
            Own::Missing | Own::Stored(_) if is_signing => plan.issues.push(Issue::Server),
            Own::Missing | Own::Stored(_) => {}
        }
    }
    if instance.access() == Access::Authorize {
        let rollover = |_: &AuthoritySecret| token_rollover(is_rolled_out, TOKEN_LIFE);
        match observed.tokens.next(rollover, now) {
            None => {
                let name = token_authority(&instance.spec.upstream);
                plan.problems.push(Problem::taken(Kind::Secret, &name));
            }
            Some(next) => {
                plan.issues.extend(next.step.map(Issue::Tokens));
                due.extend(next.wake);
            }
        }
    }
    plan.wake = due.into_iter().filter_map(|due| due.duration_since(now).ok()).min();
}

#[cfg(test)]
mod tests;
