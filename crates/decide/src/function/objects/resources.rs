//! Compute resources, as Kubernetes writes them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// Quantities as Kubernetes writes them, so that the stored object equals the wanted one.
pub(super) fn resources(resources: Option<&api::Resources>) -> Option<ResourceRequirements> {
    let resources = resources?;
    let quantities = |quantities: &Option<BTreeMap<String, api::RawQuantity>>| {
        let quantities = quantities.as_ref()?.iter();
        let canonical = |raw: &api::RawQuantity| {
            let text = raw.text();
            policy::quantity::Quantity::parse(&text)
                .map_or_else(|_| text.into_owned(), |quantity| quantity.to_string())
        };
        Some(quantities.map(|(name, raw)| (name.clone(), Quantity(canonical(raw)))).collect())
    };
    Some(ResourceRequirements {
        limits: quantities(&resources.limits),
        requests: quantities(&resources.requests),
        claims: None,
    })
}
