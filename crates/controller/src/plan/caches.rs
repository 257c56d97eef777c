//! What a `RegistryCache` would become. Certificates and keys are there, and the upstream accepts the credentials, as a cluster
//! would have it a moment later.

use std::sync::Arc;
use std::time::SystemTime;

use api::Condition;
use api::cache::RegistryCache;
use api::names::cache::{proven, tls, token_authority};
use api::names::image_registry::certificate_key::TRUSTED;
use decide::Kind;
use decide::cache::collision;
use decide::cache::findings::{Findings, Source};
use decide::cache::instance::{Access, Instance};
use decide::cache::observed::{Observed, RemoteCa};
use decide::cache::problem::Problem;
use decide::cache::proof::Answer;
use decide::cache::status::{Outcome, status};
use decide::cache::sync;
use decide::plan::Step;
use decide::registry::certificates::{
    AUTHORITY_LIFE, AuthoritySecret, Life, ROOT_LIFE, SERVER_LIFE, ServerSecret,
};
use decide::registry::observed::{Own, Rollout};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use super::manifests::{Manifests, decode, store};
use super::planned::{Draft, Planned};
use crate::config::Config;

/// When all this happens.
const NOW: SystemTime = SystemTime::UNIX_EPOCH;
/// The authorities of an installation in a plan.
const MADE: &str = "(made by the controller)";
/// The authority of an upstream whose Secret is not among the manifests.
const GIVEN: &str = "(that of the upstream)";

/// What becomes of each cache.
pub(super) fn plan(config: &Config, manifests: &Manifests) -> Vec<Planned> {
    let decoded = |object: &Value| {
        let mut object = object.clone();
        store(&mut object);
        decode::<RegistryCache>(&object).map(Arc::new)
    };
    let caches: Vec<_> = manifests.caches.iter().map(decoded).collect();
    let all: Vec<_> = caches.iter().filter_map(|cache| cache.clone().ok()).collect();
    let planned = manifests.caches.iter().zip(caches).map(|(object, cache)| {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let mut draft = Draft::of("RegistryCache", "", name);
        match cache.and_then(|cache| one(config, manifests, &cache, &all, &mut draft)) {
            Ok(conditions) => draft.ended(&conditions),
            Err(error) => draft.refused(&error),
        }
    });
    planned.collect()
}

/// Adds the objects. Returns the conditions.
fn one(
    config: &Config,
    manifests: &Manifests,
    cache: &RegistryCache,
    all: &[Arc<RegistryCache>],
    draft: &mut Draft,
) -> Result<Vec<Condition>, String> {
    let config = config.caches.of_instances(&config.propagation.base_namespace);
    let instance = Instance::of(&config, cache).ok_or("a RegistryCache must have a name")?;
    let outcome = if let Some((older, name)) = collision::older(cache, all) {
        Outcome { problems: vec![Problem::collision(older, &name)], ..Outcome::default() }
    } else {
        outcome(&instance, manifests, draft)?
    };
    let status = status(&instance, cache, outcome, &Time(Timestamp::UNIX_EPOCH));
    Ok(status.conditions.unwrap_or_default())
}

/// Adds the objects. Returns what would come of them.
fn outcome(instance: &Instance<'_>, manifests: &Manifests, draft: &mut Draft) -> Result<Outcome, String> {
    let plan = sync::decide(instance, &observed(instance, manifests)?, NOW);
    for secret in made(instance) {
        draft.comment(&format!("Secret {}/{secret}: the controller makes it first", instance.namespace()));
    }
    let mut rollout = None;
    for step in &plan.steps {
        let (Step::Create(wanted) | Step::Apply(wanted)) = step else { continue };
        draft.object(&wanted.object);
        if wanted.kind == Kind::StatefulSet {
            let asked = wanted.object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or_default();
            rollout = Some(Rollout { asked, updated: asked, ready: asked, is_observed: true });
        }
    }
    let secret = instance.secret();
    let findings = Findings {
        secret: secret.map(|secret| format!("{}/{secret}", instance.namespace())).unwrap_or_default(),
        source: secret.map_or(Source::None, |_| Source::Held { is_proven: true }),
        in_use: secret.map(str::to_owned),
        answer: Some(Answer::Accepted),
    };
    Ok(Outcome { problems: plan.problems, rollout, findings: Some(findings), ..Outcome::default() })
}

/// The Secrets whose content is random, or comes from somebody else.
fn made(instance: &Instance<'_>) -> Vec<String> {
    let upstream = &instance.spec.upstream;
    let made = [
        instance.has_tls().then(|| tls(upstream)),
        (instance.access() == Access::Authorize).then(|| token_authority(upstream)),
        instance.secret().map(|_| proven(upstream)),
    ];
    made.into_iter().flatten().collect()
}

fn observed(instance: &Instance<'_>, manifests: &Manifests) -> Result<Observed, String> {
    let life = |life| Life { made: NOW, ends: NOW + life };
    let signs = |life| AuthoritySecret { signs: Some(life), trusted: 1, ..AuthoritySecret::default() };
    let server = ServerSecret { serves: Some(life(SERVER_LIFE)), is_as_wanted: true, has_authorities: true };
    Ok(Observed {
        root: Own::Stored(signs(life(ROOT_LIFE))),
        authorities: MADE.to_owned(),
        tls: Own::Stored(server),
        tokens: Own::Stored(signs(life(AUTHORITY_LIFE))),
        trusted: MADE.to_owned(),
        remote_ca: remote_ca(instance, manifests)?,
        proven: Own::Stored(()),
        ..Observed::default()
    })
}

/// The authority of the upstream: from the cache, or from a Secret, which need not be among the manifests.
fn remote_ca(instance: &Instance<'_>, manifests: &Manifests) -> Result<RemoteCa, String> {
    if let Some(pem) = instance.spec.remote_ca.as_ref().and_then(|ca| ca.pem.clone()) {
        return Ok(RemoteCa::Pem(pem));
    }
    let Some(name) = instance.remote_ca_secret() else { return Ok(RemoteCa::Public) };
    let key = (instance.namespace().to_owned(), name.to_owned());
    let Some(secret) = manifests.named::<Secret>("Secret", &key)? else {
        return Ok(RemoteCa::Pem(GIVEN.to_owned()));
    };
    let mut data = secret.data.unwrap_or_default();
    let pem = data.remove(TRUSTED).and_then(|pem| String::from_utf8(pem.0).ok());
    Ok(pem.filter(|pem| !pem.trim().is_empty()).map_or(RemoteCa::Missing, RemoteCa::Pem))
}
