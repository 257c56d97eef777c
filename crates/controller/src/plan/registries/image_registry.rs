//! What an `ImageRegistry` would become. Certificates and keys are there, as a cluster would have them a moment later.

use std::time::SystemTime;

use api::Condition;
use api::names::image_registry::shared_keys;
use api::registry::ImageRegistry;
use decide::plan::Step;
use decide::registry::certificates::{
    AUTHORITY_LIFE, AuthoritySecret, Life, ROOT_LIFE, SERVER_LIFE, ServerSecret,
};
use decide::registry::instance::{Instance, Source};
use decide::registry::observed::{Certified, GivenSecret, Observed, Own, Rollout};
use decide::registry::status::status;
use decide::registry::sync;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use crate::config::Config;
use crate::plan::manifests::{Manifests, decode};
use crate::plan::planned::Draft;

/// When all this happens.
const NOW: SystemTime = SystemTime::UNIX_EPOCH;

/// Adds the objects. Returns the conditions.
pub(super) fn plan(
    config: &Config,
    manifests: &Manifests,
    object: &Value,
    draft: &mut Draft,
) -> Result<Vec<Condition>, String> {
    let registry: ImageRegistry = decode(object)?;
    let config = config.image_registries.of_instances();
    let instance = Instance::of(&config, &registry).ok_or("an ImageRegistry must have a name")?;
    let observed = observed(&instance, manifests)?;
    let plan = sync::decide(&instance, &observed, NOW);
    for secret in made(&instance) {
        draft.comment(&format!("Secret {}/{secret}: the controller makes it first", instance.namespace));
    }
    for step in &plan.steps {
        if let Step::Create(wanted) | Step::Apply(wanted) = step {
            draft.object(&wanted.object);
        }
    }
    let asked = i64::from(instance.replicas());
    let rollout = Rollout { asked, updated: asked, ready: asked, is_observed: true };
    let status = status(&instance, &registry, &plan.problems, Some(rollout), &Time(Timestamp::UNIX_EPOCH));
    Ok(status.conditions.unwrap_or_default())
}

/// The Secrets whose content is random.
fn made(instance: &Instance<'_>) -> Vec<String> {
    let own = |source, secret: String| (source == Source::Own).then_some(secret);
    let certified = [
        own(instance.tls(), instance.tls_secret()),
        own(instance.token_authority(), instance.authority_secret()),
    ];
    certified.into_iter().flatten().chain([shared_keys(instance.name)]).collect()
}

fn observed(instance: &Instance<'_>, manifests: &Manifests) -> Result<Observed, String> {
    let life = |life| Life { made: NOW, ends: NOW + life };
    let given = |is_authority| Some(GivenSecret { certificate: Some(life(SERVER_LIFE)), is_authority });
    let signs = |life| AuthoritySecret { signs: Some(life), trusted: 1, ..AuthoritySecret::default() };
    let server = ServerSecret { serves: Some(life(SERVER_LIFE)), is_as_wanted: true, has_authorities: true };
    let rules = match instance.rules_map() {
        None => None,
        Some(name) => {
            let key = (instance.namespace.to_owned(), name.to_owned());
            manifests.named::<ConfigMap>("ConfigMap", &key)?.map(|map| map.data.unwrap_or_default())
        }
    };
    Ok(Observed {
        root: Own::Stored(signs(life(ROOT_LIFE))),
        tls: match instance.tls() {
            Source::Own => Certified::Own(Own::Stored(server)),
            Source::Issuer(_) | Source::Given(_) => Certified::Given(given(false)),
        },
        tokens: match instance.token_authority() {
            Source::Own => Certified::Own(Own::Stored(signs(life(AUTHORITY_LIFE)))),
            Source::Issuer(_) | Source::Given(_) => Certified::Given(given(true)),
        },
        keys: Own::Stored(true),
        rules,
        ..Observed::default()
    })
}
