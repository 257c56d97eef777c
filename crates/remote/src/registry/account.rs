//! The account in a registry Secret.

use std::collections::BTreeMap;
use std::fmt;

use api::names::registry::secret_key;
use api::names::registry_secret::{PASSWORD, REGISTRY_ADDRESS, USERNAME};
use k8s_openapi::ByteString;
use policy::registries::{RegistryAddress, RegistryAddressError};
use zeroize::Zeroizing;

use super::config::RegistryConfig;
use super::docker_hub;

/// The longest user name or password, in bytes.
const MAX_LOGIN: usize = 16 * 1024;

/// The longest text of authorities, in bytes.
const MAX_AUTHORITIES: usize = 64 * 1024;

/// An account at a registry.
pub struct Account {
    /// The URL to verify the credentials at: `https://HOST/v2/`.
    pub url: String,
    /// Whether the configuration lists it as a registry without TLS. Only such a registry may be on this machine.
    pub is_plain: bool,
    /// A repository for which push access is requested.
    pub repository: String,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// The authorities of the registry, in PEM, if the Secret holds any.
    pub authorities: Option<String>,
}

/// Why a Secret contains no account.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AccountError {
    /// The Secret is incomplete: the webhook reports this.
    #[error("the Secret is incomplete")]
    Incomplete,
    /// The address is invalid.
    #[error("registryAddress {0}")]
    Address(RegistryAddressError),
    /// The name or the password is too long.
    #[error("username or password is longer than {MAX_LOGIN} bytes")]
    TooLong,
}

/// Leaves out what is secret.
impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Account").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Account {
    /// Reads the data of a Secret, and wipes them.
    ///
    /// # Errors
    /// If they contain no valid account.
    pub fn of(data: BTreeMap<String, ByteString>, config: &RegistryConfig) -> Result<Self, AccountError> {
        let texts =
            data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).map(Zeroizing::new).ok()));
        let mut texts: BTreeMap<_, _> = texts.collect();
        let mut text = |key: &str| {
            let text = texts.remove(key).flatten().filter(|text| !text.trim().is_empty());
            text.ok_or(AccountError::Incomplete)
        };
        let address = text(REGISTRY_ADDRESS)?;
        let (username, password) = (text(USERNAME)?, text(PASSWORD)?);
        let authorities = text(secret_key::CA).ok().filter(|text| text.len() <= MAX_AUTHORITIES);
        if username.len().max(password.len()) > MAX_LOGIN {
            return Err(AccountError::TooLong);
        }
        let address = RegistryAddress::parse(&address).map_err(AccountError::Address)?;
        let host = address.host().map_or(docker_hub::REGISTRY, docker_hub::answering);
        let is_plain = config.is_plain(host, address.port());
        let scheme = if is_plain { "http" } else { "https" };
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let port = address.port().map(|port| format!(":{port}")).unwrap_or_default();
        let repository = if address.path().is_empty() { "serverless" } else { address.path() };
        Ok(Self {
            url: format!("{scheme}://{bracketed}{port}/v2/"),
            is_plain,
            repository: format!("{repository}/registry-check"),
            username: username.to_string(),
            password,
            authorities: authorities.map(|text| text.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;

    use super::*;

    fn account(address: &str) -> Result<Account, AccountError> {
        let data = [("username", "u"), ("password", "hush"), ("registryAddress", address)];
        let data = data.map(|(key, value)| (key.to_owned(), ByteString(value.as_bytes().to_vec())));
        let plain = ["127.0.0.1", "[::1]:5000", "registry.kyma-system.svc.cluster.local:5000"];
        let config =
            RegistryConfig { plain_http: plain.map(str::to_owned).into(), ..RegistryConfig::default() };
        Account::of(data.into(), &config)
    }

    #[rstest]
    #[case("registry.example.com/team", "https://registry.example.com/v2/", "team/registry-check")]
    #[case("registry.example.com:5000", "https://registry.example.com:5000/v2/", "serverless/registry-check")]
    #[case("127.0.0.1:5000/a/b/", "http://127.0.0.1:5000/v2/", "a/b/registry-check")]
    #[case("localhost:5000/a/b/", "https://localhost:5000/v2/", "a/b/registry-check")]
    #[case("[::1]:5000/a", "http://[::1]:5000/v2/", "a/registry-check")]
    #[case("[::1]:5001/a", "https://[::1]:5001/v2/", "a/registry-check")]
    #[case(
        "registry.kyma-system.svc.cluster.local:5000/a",
        "http://registry.kyma-system.svc.cluster.local:5000/v2/",
        "a/registry-check"
    )]
    #[case(
        "secrets.victim.svc.cluster.local/a",
        "https://secrets.victim.svc.cluster.local/v2/",
        "a/registry-check"
    )]
    #[case("docker.io/team", "https://registry-1.docker.io/v2/", "team/registry-check")]
    #[case("team", "https://registry-1.docker.io/v2/", "team/registry-check")]
    fn the_address_is_that_of_images(#[case] address: &str, #[case] url: &str, #[case] repository: &str) {
        let account = account(address).unwrap();
        assert_eq!((account.url.as_str(), account.repository.as_str()), (url, repository));
        assert!(!format!("{account:?}").contains("hush"));
    }

    /// A path, a query, a fragment and a login in place of a host.
    #[rstest]
    #[case(r"localhost:9999\_shutdown\now?x.local")]
    #[case(r"user:pw@host\q?.local")]
    #[case("127.0.0.1:5000?x=1")]
    #[case("127.0.0.1:5000#x")]
    #[case("127.0.0.1:5000/../x")]
    #[case("127.0.0.1:5000/%2e%2e/x")]
    #[case("http://127.0.0.1:5000")]
    #[case("127.0.0.1:0")]
    #[case("127.0.0.1:5000\nx")]
    fn what_is_no_address_of_a_registry_is_never_asked(#[case] address: &str) {
        let error = account(address).unwrap_err().to_string();
        assert!(error.starts_with("registryAddress must "), "{error}");
        assert!(!error.contains("pw"));
    }

    #[test]
    fn a_secret_that_is_not_whole_is_no_account() {
        let config = RegistryConfig::default();
        assert_eq!(Account::of(BTreeMap::new(), &config).unwrap_err(), AccountError::Incomplete);
    }

    #[test]
    fn a_login_is_bounded() {
        let long = "x".repeat(MAX_LOGIN + 1);
        let data = [("username", "u"), ("password", long.as_str()), ("registryAddress", "example.com")];
        let data = data.map(|(key, value)| (key.to_owned(), ByteString(value.as_bytes().to_vec())));
        let error = Account::of(data.into(), &RegistryConfig::default()).unwrap_err();
        assert_eq!(error.to_string(), "username or password is longer than 16384 bytes");
    }
}
