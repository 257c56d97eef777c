//! Logins and trust by the address of an endpoint, as formats keep them that know no settings of a single endpoint.

use std::collections::{BTreeMap, BTreeSet};

use policy::container_registries::{Credentials, Endpoint, Host, Registries, Scheme};

use super::loss;

/// What is known of an address.
#[derive(Default)]
pub(super) struct Settings<'a> {
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) ca: Option<&'a str>,
    pub(super) skip_verify: bool,
    /// Whether a login is for an endpoint whose certificate is verified.
    has_verified_login: bool,
    /// Whether the login is left out, since another endpoint would see it without TLS, or unverified.
    is_withheld: bool,
}

/// The settings of each `host[:port]` that has any. What the first endpoint of an address sets is for all of them; for
/// those that are meant to differ, this is a loss.
pub(super) fn collect<'a>(
    registries: &'a Registries,
    losses: &mut Vec<String>,
) -> BTreeMap<String, Settings<'a>> {
    let mut all: BTreeMap<String, Settings> = BTreeMap::new();
    // The addresses of endpoints without TLS.
    let mut plain = BTreeSet::new();
    for (_, _, endpoint) in endpoints(registries) {
        let settings = all.entry(endpoint.address.authority()).or_default();
        settings.credentials = settings.credentials.or(endpoint.credentials.as_ref());
        settings.ca = settings.ca.or(endpoint.ca.as_deref());
        settings.skip_verify |= endpoint.skip_verify;
        if endpoint.scheme == Scheme::Http {
            plain.insert(endpoint.address.authority());
        }
        settings.has_verified_login |= endpoint.credentials.is_some() && !endpoint.skip_verify;
    }
    for (address, settings) in all.iter_mut().filter(|(_, settings)| settings.credentials.is_some()) {
        let is_unverified = settings.skip_verify && settings.has_verified_login;
        if is_unverified || plain.contains(address) {
            settings.credentials = None;
            settings.is_withheld = true;
        }
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
            let text = if field == "credentials" && settings.is_withheld {
                format!(
                    "another endpoint at {address} has no TLS or trusts any certificate, so the login is left out"
                )
            } else {
                format!("all endpoints at {address} share one setting, which is that of another one")
            };
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::nodes::examples::{basic, endpoint, registry};

    #[rstest]
    #[case::without_tls(Endpoint { scheme: Scheme::Http, ..endpoint("m.example.com") }, false)]
    #[case::unverified(Endpoint { skip_verify: true, ..endpoint("m.example.com") }, false)]
    #[case::the_same(endpoint("m.example.com"), true)]
    #[case::elsewhere(Endpoint { scheme: Scheme::Http, ..endpoint("other.example.com") }, true)]
    fn no_login_is_shared_with_an_endpoint_that_is_not_verified(
        #[case] other: Endpoint,
        #[case] is_kept: bool,
    ) {
        let with_login = Endpoint { credentials: Some(basic("me", "hush")), ..endpoint("m.example.com") };
        let mut registries = registry("a.example.com", vec![with_login]);
        registries.0.extend(registry("b.example.com", vec![other]).0);
        let mut losses = Vec::new();
        let all = collect(&registries, &mut losses);
        let settings = all.get("m.example.com");
        assert_eq!(settings.is_some_and(|settings| settings.credentials.is_some()), is_kept);
        let loss = "a.example.com[0].credentials: another endpoint at m.example.com has no TLS or trusts any certificate, so the login is left out";
        assert_eq!(losses.contains(&loss.to_owned()), !is_kept, "{losses:?}");
    }
}
