//! What registries in the cluster, their secrets and build environments would become.

mod build_env;
mod image_registry;
mod image_secret;

use api::registry::{ImagePullSecret, ImagePushSecret};
use serde_json::Value;

use super::manifests::{Manifests, store};
use super::planned::{Draft, Planned};
use crate::config::Config;

/// What becomes of each object.
pub(super) fn plan(config: &Config, manifests: &Manifests) -> Vec<Planned> {
    let objects = manifests.of_registries.iter();
    objects.map(|object| one(config, manifests, object.clone())).collect()
}

fn one(config: &Config, manifests: &Manifests, mut object: Value) -> Planned {
    store(&mut object);
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = text("/kind");
    let mut draft = Draft::of(kind, text("/metadata/namespace"), text("/metadata/name"));
    let conditions = match kind {
        "ImageRegistry" => image_registry::plan(config, manifests, &object, &mut draft),
        "ImagePushSecret" => image_secret::plan::<ImagePushSecret>(config, manifests, &object, &mut draft),
        "ImagePullSecret" => image_secret::plan::<ImagePullSecret>(config, manifests, &object, &mut draft),
        _ => build_env::plan(config, manifests, &object, &mut draft),
    };
    match conditions {
        Ok(conditions) => draft.ended(&conditions),
        Err(error) => draft.refused(&error),
    }
}
