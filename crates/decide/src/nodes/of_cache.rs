//! What nodes learn of a pull-through cache: its endpoint comes before the upstream. They keep asking the upstream if the cache
//! is away, with the pull secret of the Pod: a cache costs them no more than the time of a connection.

use std::time::Duration;

use api::cache::{CacheConditionType, CacheReason, RegistryCacheStatus};
use policy::container_registries::{Address, Endpoint, Fallback, Host, Registries, Registry, Scheme};

/// How long nodes wait for a connection to a cache.
const DIAL_TIMEOUT: Duration = Duration::from_secs(1);

/// What a status says to nodes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// Where nodes reach the cache.
    pub endpoint: String,
    /// The Secret with the authority of its certificate; none without TLS.
    pub authority: Option<String>,
    /// Whether it serves now. One that does not is no news for nodes that use it already: they find out by themselves.
    pub is_ready: bool,
}

/// What nodes learn from a status; nothing of a cache that cannot serve.
#[must_use]
pub fn published(status: &RegistryCacheStatus) -> Option<Published> {
    let mut conditions = status.conditions.iter().flatten();
    let ready = conditions.find(|condition| condition.kind == CacheConditionType::Ready.as_str())?;
    if ready.reason.as_deref() == Some(CacheReason::Hibernated.as_str()) {
        return None;
    }
    Some(Published {
        endpoint: status.endpoint.clone()?,
        authority: status.ca_secret_name.clone(),
        is_ready: ready.status == "True",
    })
}

/// The registries of nodes for a cache; none if its names cannot be used. `authorities` are in PEM.
#[must_use]
pub fn of_cache(upstream: &str, endpoint: &str, authorities: Option<&str>) -> Registries {
    let (scheme, address) = match endpoint.split_once("://") {
        Some(("https", address)) => (Scheme::Https, address),
        Some(("http", address)) => (Scheme::Http, address),
        _ => return Registries::default(),
    };
    let (Ok(host), Ok(address)) = (Host::parse(upstream), Address::parse(address)) else {
        return Registries::default();
    };
    let endpoint = Endpoint {
        scheme,
        ca: authorities.map(str::to_owned),
        dial_timeout: Some(DIAL_TIMEOUT),
        ..Endpoint::at(address)
    };
    Registries([(host, Registry { endpoints: vec![endpoint], fallback: Fallback::Upstream })].into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::nodes::render::values;

    const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

    #[rstest]
    #[case::tls("https://10.96.0.17:5000", Some(AUTHORITY), "- endpoint: 10.96.0.17:5000")]
    #[case::of_six("https://[fd00::11]:5000", Some(AUTHORITY), "- endpoint: \"[fd00::11]:5000\"")]
    #[case::plain("http://10.96.0.17:5000", None, "- endpoint: 10.96.0.17:5000")]
    fn nodes_ask_the_cache_before_the_upstream(
        #[case] endpoint: &str,
        #[case] authorities: Option<&str>,
        #[case] expected: &str,
    ) {
        let registries = of_cache("docker.io", endpoint, authorities);
        let registry = registries.0.values().next().unwrap();
        assert_eq!(registry.fallback, Fallback::Upstream);
        assert_eq!(registry.endpoints[0].scheme == Scheme::Https, authorities.is_some());
        assert_eq!(registry.endpoints[0].credentials, None);
        let text = values::render(&registries);
        let lines: Vec<_> = text.reveal().lines().map(str::trim).collect();
        assert!(lines.contains(&expected), "{lines:?}");
        assert_eq!(lines.iter().any(|line| line.contains("MA==")), authorities.is_some());
    }

    #[rstest]
    #[case::serves("True", "Running", Some(true))]
    #[case::starts_again("False", "Updating", Some(false))]
    #[case::hibernates("False", "Hibernated", None)]
    fn what_serves_is_published(#[case] status: &str, #[case] reason: &str, #[case] expected: Option<bool>) {
        let ready = json!({"type": "Ready", "status": status, "reason": reason});
        let status = json!({"conditions": [ready], "endpoint": "https://10.0.0.1:5000"});
        let status: RegistryCacheStatus = serde_json::from_value(status).unwrap();
        assert_eq!(published(&status).map(|published| published.is_ready), expected);
    }

    #[test]
    fn without_an_endpoint_there_is_nothing_to_publish() {
        let ready = json!({"type": "Ready", "status": "False", "reason": "NameCollision"});
        let status = serde_json::from_value(json!({"conditions": [ready]})).unwrap();
        assert_eq!(published(&status), None);
        assert_eq!(published(&RegistryCacheStatus::default()), None);
    }
}
