//! What a registry Secret says of an account.

use std::collections::BTreeMap;
use std::fmt;

use api::names::registry_secret::{PASSWORD, REGISTRY_ADDRESS, USERNAME};
use k8s_openapi::ByteString;
use zeroize::Zeroizing;

/// Docker Hub by the names that people know it by, and by the one that answers.
const DOCKER_HUB: [&str; 2] = ["docker.io", "index.docker.io"];
const DOCKER_HUB_REGISTRY: &str = "registry-1.docker.io";

/// An account at a registry.
pub struct Account {
    /// Where the registry is asked: `https://HOST/v2/`.
    pub url: String,
    /// A repository for which leave to push is asked for.
    pub repository: String,
    /// Who.
    pub username: String,
    /// And how that is proven.
    pub password: Zeroizing<String>,
}

/// Without what is secret.
impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Account").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Account {
    /// From the data of a Secret, which are wiped. `None` if they are not whole: the webhook says so.
    #[must_use]
    pub fn of(data: BTreeMap<String, ByteString>) -> Option<Self> {
        let texts =
            data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).map(Zeroizing::new).ok()));
        let mut texts: BTreeMap<_, _> = texts.collect();
        let mut text = |key: &str| texts.remove(key).flatten().filter(|text| !text.trim().is_empty());
        let address = text(REGISTRY_ADDRESS)?;
        let (host, path) = address.trim().split_once('/').unwrap_or((address.trim(), ""));
        // As in names of images: what does not look like a host is an account of Docker Hub.
        let (host, path) = if host == "localhost" || host.contains(['.', ':']) {
            (host, path)
        } else {
            (DOCKER_HUB_REGISTRY, address.trim())
        };
        let host = if DOCKER_HUB.contains(&host) { DOCKER_HUB_REGISTRY } else { host };
        let scheme = if is_plain(host) { "http" } else { "https" };
        let repository = if path.is_empty() { "serverless" } else { path.trim_end_matches('/') };
        Some(Self {
            url: format!("{scheme}://{host}/v2/"),
            repository: format!("{repository}/registry-check"),
            username: text(USERNAME)?.to_string(),
            password: text(PASSWORD)?,
        })
    }
}

/// Whether a registry is asked without TLS, as other clients have it: on this machine, and under names of a local network.
fn is_plain(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name == "localhost"
        || name.rsplit_once('.').is_some_and(|(_, last)| last == "local")
        || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("registry.example.com/team", "https://registry.example.com/v2/", "team/registry-check")]
    #[case("registry.example.com:5000", "https://registry.example.com:5000/v2/", "serverless/registry-check")]
    #[case("127.0.0.1:5000/a/b/", "http://127.0.0.1:5000/v2/", "a/b/registry-check")]
    #[case("[::1]:5000/a", "http://[::1]:5000/v2/", "a/registry-check")]
    #[case(
        "registry.kyma-system.svc.cluster.local:5000/a",
        "http://registry.kyma-system.svc.cluster.local:5000/v2/",
        "a/registry-check"
    )]
    #[case("docker.io/team", "https://registry-1.docker.io/v2/", "team/registry-check")]
    #[case("team", "https://registry-1.docker.io/v2/", "team/registry-check")]
    fn the_address_is_that_of_images(#[case] address: &str, #[case] url: &str, #[case] repository: &str) {
        let data = [("username", "u"), ("password", "hush"), ("registryAddress", address)];
        let data = data.map(|(key, value)| (key.to_owned(), ByteString(value.as_bytes().to_vec())));
        let account = Account::of(data.into()).unwrap();
        assert_eq!((account.url.as_str(), account.repository.as_str()), (url, repository));
        assert!(!format!("{account:?}").contains("hush"));
    }

    #[test]
    fn a_secret_that_is_not_whole_is_no_account() {
        assert!(Account::of(BTreeMap::new()).is_none());
    }
}
