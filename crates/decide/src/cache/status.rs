//! What is reported of a cache.

use std::iter;

use api::cache::{CacheConditionType, CacheReason, ProvenCredentials, RegistryCache, RegistryCacheStatus};
use api::names::cache::authority;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::findings::{Findings, Words};
use super::instance::Instance;
use super::problem::Problem;
use crate::registry::conditions::of_words;
use crate::registry::observed::Rollout;

/// What has come of a reconcile.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What is wrong, the most important first.
    pub problems: Vec<Problem>,
    /// How the rollout of the Pods goes, if there are any.
    pub rollout: Option<Rollout>,
    /// What is found about the credentials and the upstream; `None` if the cache may not have objects.
    pub findings: Option<Findings>,
    /// The credentials in use.
    pub proven: Option<ProvenCredentials>,
    /// Where nodes reach the cache.
    pub endpoint: Option<String>,
}

/// The status.
#[must_use]
pub fn status(
    instance: &Instance<'_>,
    cache: &RegistryCache,
    outcome: Outcome,
    now: &Time,
) -> RegistryCacheStatus {
    let before = cache.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let generation = cache.metadata.generation;
    let condition = |kind: CacheConditionType, (is_true, reason, message): Words| {
        of_words(kind.as_str(), is_true, (reason.as_str(), message), generation, before, now.clone())
    };
    let credentials = outcome.findings.as_ref().map(Findings::credentials);
    let ready = ready(instance, &outcome, credentials.as_ref());
    let serving = serving(instance, &outcome);
    let mut conditions = vec![condition(CacheConditionType::Ready, ready)];
    conditions.extend(credentials.map(|words| condition(CacheConditionType::CredentialsValid, words)));
    conditions.push(condition(CacheConditionType::Serving, serving));
    RegistryCacheStatus {
        observed_generation: generation,
        conditions: Some(conditions),
        ca_secret_name: (outcome.endpoint.is_some() && instance.has_tls())
            .then(|| authority(&instance.spec.upstream)),
        endpoint: outcome.endpoint,
        remote_url: Some(instance.remote_url()),
        proven_credentials: outcome.proven,
    }
}

/// The status of a cache that cannot be reconciled: it goes on as it is, with what the last status says, so `Ready` alone
/// changes.
#[must_use]
pub fn stopped(cache: &RegistryCache, problem: &Problem, now: &Time) -> RegistryCacheStatus {
    let mut status = cache.status.clone().unwrap_or_default();
    let before = status.conditions.take().unwrap_or_default();
    let kind = CacheConditionType::Ready.as_str();
    let words = (problem.reason.as_str(), problem.message.clone());
    let generation = cache.metadata.generation;
    let ready = of_words(kind, false, words, generation, &before, now.clone());
    let others = before.into_iter().filter(|condition| condition.kind != kind);
    status.observed_generation = generation;
    status.conditions = Some(iter::once(ready).chain(others).collect());
    status
}

/// Whether the cache serves pulls.
fn ready(instance: &Instance<'_>, outcome: &Outcome, credentials: Option<&Words>) -> Words {
    if let Some(problem) = outcome.problems.first() {
        return (false, problem.reason, problem.message.clone());
    }
    match (outcome.rollout, credentials) {
        (None, Some((false, reason, message))) => (false, *reason, message.clone()),
        (rollout, _) => running(instance, rollout.unwrap_or_default()),
    }
}

/// Whether it gets images from the upstream.
fn serving(instance: &Instance<'_>, outcome: &Outcome) -> Words {
    let rollout = outcome.rollout.unwrap_or_default();
    if rollout.ready == 0 {
        let (_, reason, message) = running(instance, rollout);
        return (false, reason, message);
    }
    match outcome.findings.as_ref().and_then(Findings::trouble) {
        Some((reason, message)) => (false, reason, message),
        None => (true, CacheReason::Running, "The cache gets images from the upstream".to_owned()),
    }
}

fn running(instance: &Instance<'_>, rollout: Rollout) -> Words {
    let Rollout { asked, updated, ready, is_observed } = rollout;
    let asked = asked.max(1);
    if instance.config.hibernated {
        let message = "All caches hibernate: caches.hibernated in the configuration of the controller";
        (false, CacheReason::Hibernated, message.to_owned())
    } else if rollout.is_complete() && rollout.asked > 0 {
        (true, CacheReason::Running, format!("{ready}/{asked} Pods are ready"))
    } else if !is_observed || updated < rollout.asked {
        let updated = if is_observed { updated } else { 0 };
        (false, CacheReason::Updating, format!("{updated}/{asked} Pods are updated"))
    } else {
        (false, CacheReason::Updating, format!("{ready}/{asked} Pods are ready"))
    }
}

#[cfg(test)]
mod tests;
