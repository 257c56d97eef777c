//! The credentials of a repository, from its Secret.

use std::collections::BTreeMap;
use std::fmt;

use api::GitAuth;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use zeroize::Zeroizing;

use super::GitError;

/// With what a repository is read.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// A name and a password or token.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// An SSH key.
    Key {
        /// The private key, as OpenSSH or PEM.
        key: Zeroizing<String>,
        /// Its passphrase.
        passphrase: Option<Zeroizing<String>>,
        /// The host keys that the Secret names, as a `known_hosts` file.
        known_hosts: Option<String>,
        /// Those that were recorded when the host was met first.
        recorded: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::Key { .. } => "Key",
        })
    }
}

impl Credentials {
    /// From a Secret; `recorded` are the host keys that were met first.
    ///
    /// # Errors
    /// If the Secret lacks something.
    pub fn of(auth: &GitAuth, secret: Secret, recorded: &str) -> Result<Self, GitError> {
        let name = &auth.secret_name;
        let data: BTreeMap<String, ByteString> = secret.data.unwrap_or_default();
        let texts =
            data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).map(Zeroizing::new)));
        let mut texts: BTreeMap<_, _> = texts.collect();
        let mut take = |key: &str| match texts.remove(key) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(GitError::Secret(format!("key {key:?} of Secret {name} is not UTF-8"))),
        };
        let missing = |key: &str| GitError::Secret(format!("Secret {name} has no key {key:?}"));
        match auth.auth_type.as_str() {
            "basic" => Ok(Self::Basic {
                username: take("username")?.ok_or_else(|| missing("username"))?.to_string(),
                password: take("password")?.ok_or_else(|| missing("password"))?,
            }),
            "key" => Ok(Self::Key {
                key: take("key")?.ok_or_else(|| missing("key"))?,
                passphrase: take("password")?,
                known_hosts: take("known_hosts")?.map(|text| text.to_string()),
                recorded: recorded.to_owned(),
            }),
            other => {
                Err(GitError::Secret(format!("spec.auth.type {other:?} is neither \"basic\" nor \"key\"")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("basic", json!({"password": "c2VjcmV0"}), "Secret s has no key \"username\"")]
    #[case("basic", json!({"username": "dQ=="}), "Secret s has no key \"password\"")]
    #[case("basic", json!({"username": "dQ==", "password": "/w=="}), "key \"password\" of Secret s is not UTF-8")]
    #[case("key", json!({"password": "c2VjcmV0"}), "Secret s has no key \"key\"")]
    #[case("token", json!({}), "spec.auth.type \"token\" is neither \"basic\" nor \"key\"")]
    fn what_is_missing_is_named(#[case] kind: &str, #[case] data: serde_json::Value, #[case] expected: &str) {
        let secret: Secret = serde_json::from_value(json!({"data": data})).unwrap();
        let auth = GitAuth { auth_type: kind.to_owned(), secret_name: "s".to_owned() };
        let error = Credentials::of(&auth, secret, "").unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_of_credentials());
    }

    #[test]
    fn nothing_of_them_is_shown() {
        let secret: Secret =
            serde_json::from_value(json!({"data": {"username": "dQ==", "password": "c2VjcmV0"}})).unwrap();
        let auth = GitAuth { auth_type: "basic".to_owned(), secret_name: "s".to_owned() };
        assert_eq!(format!("{:?}", Credentials::of(&auth, secret, "").unwrap()), "Basic");
    }
}
