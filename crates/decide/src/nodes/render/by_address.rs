//! Logins and trust by the address of an endpoint, as formats keep them that know no settings of a single endpoint.

use std::collections::BTreeMap;

use policy::container_registries::{Credentials, Endpoint, Host, Registries, Scheme};

use super::loss;

/// What is known of an address.
#[derive(Default)]
pub(super) struct Settings<'a> {
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) ca: Option<&'a str>,
    pub(super) skip_verify: bool,
}

/// The settings of each `host[:port]` that has any. What the first endpoint of an address sets is for all of them; for
/// those that are meant to differ, this is a loss.
pub(super) fn collect<'a>(
    registries: &'a Registries,
    losses: &mut Vec<String>,
) -> BTreeMap<String, Settings<'a>> {
    let mut all: BTreeMap<String, Settings> = BTreeMap::new();
    for (_, _, endpoint) in endpoints(registries) {
        let settings = all.entry(endpoint.address.authority()).or_default();
        settings.credentials = settings.credentials.or(endpoint.credentials.as_ref());
        settings.ca = settings.ca.or(endpoint.ca.as_deref());
        settings.skip_verify |= endpoint.skip_verify;
    }
    for (host, index, endpoint) in endpoints(registries) {
        let address = endpoint.address.authority();
        let Some(settings) = all.get(&address) else { continue };
        let is_plain = endpoint.scheme == Scheme::Http;
        let differs = [
            ("credentials", settings.credentials != endpoint.credentials.as_ref()),
            ("ca", !is_plain && settings.ca != endpoint.ca.as_deref()),
            ("skipVerify", !is_plain && settings.skip_verify != endpoint.skip_verify),
        ];
        for (field, _) in differs.into_iter().filter(|(_, differs)| *differs) {
            let text = format!("all endpoints at {address} share one setting, which is that of another one");
            losses.push(loss(host, index, field, text));
        }
    }
    all.retain(|_, settings| settings.credentials.is_some() || settings.ca.is_some() || settings.skip_verify);
    all
}

/// Each endpoint with its host and its index.
pub(super) fn endpoints(registries: &Registries) -> impl Iterator<Item = (&Host, usize, &Endpoint)> {
    registries.0.iter().flat_map(|(host, registry)| {
        registry.endpoints.iter().enumerate().map(move |(index, endpoint)| (host, index, endpoint))
    })
}
