//! The source of an inline Function, for the build to read.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::function::inputs::Inputs;

/// The key of the source.
pub(super) const SOURCE: &str = "source";
/// The key of the dependencies.
pub(super) const DEPENDENCIES: &str = "dependencies";

/// The ConfigMap.
#[must_use]
pub(crate) fn config_map(inputs: &Inputs<'_>) -> ConfigMap {
    let data = [(SOURCE, inputs.function.source.text()), (DEPENDENCIES, inputs.dependencies())];
    ConfigMap {
        metadata: inputs.metadata(inputs.identity.child()),
        data: Some(BTreeMap::from(data.map(|(key, text)| (key.to_owned(), text.to_owned())))),
        ..ConfigMap::default()
    }
}
