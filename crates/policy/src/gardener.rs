//! The documents of Gardener's registry-cache extension: `RegistryConfig` and `MirrorConfig`, alone or in extensions of a
//! Shoot. Rules and texts are those of the original. Two upstreams whose objects would have the same names are refused, too.

mod convert;
mod document;
mod made;
mod mirror_config;
mod references;
mod registry_config;
mod shoot;

use api::gardener::{MirrorConfig, RegistryConfig};
use api::names::gardener::{MIRROR_CONFIG, REGISTRY_CONFIG};
use serde_json::Value;

use crate::decision::Decision;
use document::Place;

pub use made::made;
pub use references::Secrets;
pub use shoot::validate as validate_shoot;

/// What is wrong with a `RegistryConfig` by itself. What it refers to is unknown.
#[must_use]
pub fn validate_registry_config(document: &Value) -> Decision {
    let (place, mut decision) = (Place::root(), Decision::allowed());
    let Decision { violations, warnings, .. } = &mut decision;
    if let Some(config) = document::read::<RegistryConfig>(&place, document, &REGISTRY_CONFIG, violations) {
        registry_config::check(&place, &config, violations, warnings);
    }
    decision
}

/// What is wrong with a `MirrorConfig` by itself. What it refers to is unknown.
#[must_use]
pub fn validate_mirror_config(document: &Value) -> Decision {
    let (place, mut decision) = (Place::root(), Decision::allowed());
    let violations = &mut decision.violations;
    if let Some(config) = document::read::<MirrorConfig>(&place, document, &MIRROR_CONFIG, violations) {
        mirror_config::check(&place, &config, violations);
    }
    decision
}

#[cfg(test)]
mod tests;
