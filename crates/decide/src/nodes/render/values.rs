//! Our own value `containerRegistries`, in one form for each model: the controller and the agent exchange it.

use std::collections::BTreeMap;

use policy::container_registries::{
    Capability, Credentials, Endpoint, Fallback, HiddenText, Registries, Registry, Scheme, dial_timeout,
};
use serde::Serialize;

use crate::nodes::hidden;

/// The name of the file.
pub const FILE_NAME: &str = "values.yaml";

/// The value as YAML. Hosts are sorted, and what is not set is not written.
#[must_use]
pub fn render(registries: &Registries) -> HiddenText {
    let container_registries =
        registries.0.iter().map(|(host, registry)| (host.as_str(), of_registry(registry))).collect();
    // Maps, lists, texts and flags always become YAML.
    HiddenText::new(serde_saphyr::to_string(&Values { container_registries }).unwrap_or_default())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Values<'a> {
    container_registries: BTreeMap<&'a str, OfRegistry<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OfRegistry<'a> {
    WithFallback(Vec<OfEndpoint<'a>>),
    Without { fallback: &'static str, endpoints: Vec<OfEndpoint<'a>> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfEndpoint<'a> {
    endpoint: String,
    #[serde(skip_serializing_if = "is_not_set")]
    insecure: bool,
    #[serde(skip_serializing_if = "is_not_set")]
    skip_verify: bool,
    #[serde(skip_serializing_if = "is_not_set")]
    override_path: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dial_timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<OfCredentials<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OfCredentials<'a> {
    Basic {
        username: &'a str,
        #[serde(serialize_with = "hidden::serialize")]
        password: &'a HiddenText,
    },
    Token {
        #[serde(serialize_with = "hidden::serialize")]
        identitytoken: &'a HiddenText,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_not_set(flag: &bool) -> bool {
    !flag
}

fn of_registry(registry: &Registry) -> OfRegistry<'_> {
    let endpoints = registry.endpoints.iter().map(of_endpoint).collect();
    match registry.fallback {
        Fallback::Upstream => OfRegistry::WithFallback(endpoints),
        Fallback::None => OfRegistry::Without { fallback: "None", endpoints },
    }
}

fn of_endpoint(endpoint: &Endpoint) -> OfEndpoint<'_> {
    let is_default = endpoint.capabilities.iter().eq(&[Capability::Pull, Capability::Resolve]);
    let capabilities = || endpoint.capabilities.iter().map(|capability| capability.as_str()).collect();
    OfEndpoint {
        endpoint: endpoint.address.to_string(),
        insecure: endpoint.scheme == Scheme::Http,
        skip_verify: endpoint.skip_verify,
        override_path: endpoint.override_path,
        ca: endpoint.ca.as_deref(),
        capabilities: (!is_default).then(capabilities),
        dial_timeout: endpoint.dial_timeout.map(dial_timeout::format),
        credentials: endpoint.credentials.as_ref().map(|credentials| match credentials {
            Credentials::Basic { username, password } => OfCredentials::Basic { username, password },
            Credentials::IdentityToken(identitytoken) => OfCredentials::Token { identitytoken },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::examples;

    #[test]
    fn writes_what_is_set() {
        assert_eq!(render(&examples::all()).reveal(), include_str!("values/all.yaml"));
    }
}
