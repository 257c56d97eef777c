//! What an `ImageBuildEnv` would become. Its Secrets must be among the manifests.

use std::collections::BTreeMap;

use api::Condition;
use api::registry::ImageBuildEnv;
use decide::Kind;
use decide::registry::build_env::{BuildEnv, Input, Inputs, Observed, ready};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use crate::config::Config;
use crate::plan::manifests::{Manifests, decode};
use crate::plan::planned::Draft;

/// The password of the Redis in a plan.
const MADE: &str = "madeByTheController";

/// Adds the objects. Returns the conditions.
pub(super) fn plan(
    config: &Config,
    manifests: &Manifests,
    object: &Value,
    draft: &mut Draft,
) -> Result<Vec<Condition>, String> {
    let object: ImageBuildEnv = decode(object)?;
    let env = BuildEnv::of(&object).ok_or("an ImageBuildEnv must have a name")?;
    let mut inputs = Inputs::default();
    for name in &env.secrets {
        let secret: Option<Secret> = manifests.named("Secret", &(env.namespace.clone(), name.clone()))?;
        inputs.add(secret.map(Input::of));
    }
    let redis_image = config.image_registries.redis_image.clone();
    let mut observed =
        Observed { inputs, stored: BTreeMap::new(), new_password: MADE.to_owned(), redis_image };
    let plan = env.decide(&observed);
    for wanted in plan.apply {
        draft.object(&wanted.object);
        observed.stored.insert((wanted.kind, wanted.name), stored(wanted.kind, wanted.object));
    }
    let now = Timestamp::UNIX_EPOCH;
    Ok(vec![ready(&env.decide(&observed).verdict, object.metadata.generation, &[], now)])
}

/// An object as a cluster has it a moment later: Pods run.
fn stored(kind: Kind, mut object: Value) -> Value {
    if kind == Kind::Deployment
        && let Some(object) = object.as_object_mut()
    {
        let status = json!({"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1});
        object.insert("status".to_owned(), status);
    }
    object
}
