//! Compute resources and sizes, as Kubernetes writes them, so that the stored object equals the wanted one.

use std::collections::BTreeMap;

use api::RawQuantity;
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// Compute resources of a container.
pub(crate) fn resources(resources: Option<&api::Resources>) -> Option<ResourceRequirements> {
    let resources = resources?;
    Some(ResourceRequirements {
        limits: quantities(resources.limits.as_ref()),
        requests: quantities(resources.requests.as_ref()),
        claims: None,
    })
}

/// Quantities by name.
pub(crate) fn quantities(
    quantities: Option<&BTreeMap<String, RawQuantity>>,
) -> Option<BTreeMap<String, Quantity>> {
    let canonical = |raw: &RawQuantity| {
        let text = raw.text();
        policy::quantity::Quantity::parse(&text)
            .map_or_else(|_| text.into_owned(), |quantity| quantity.to_string())
    };
    Some(quantities?.iter().map(|(name, raw)| (name.clone(), Quantity(canonical(raw)))).collect())
}
