//! The credentials of a repository, from its Secret.

use std::collections::BTreeMap;
use std::fmt;

use api::GitAuth;
use api::names::{config_label, copy_mark, git_label, registry_secret};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use zeroize::Zeroizing;

use super::error::GitError;

/// The credentials for a repository.
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
        /// The host keys that were recorded when the host was first seen.
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

/// The types of Secrets that may hold credentials of a repository.
const TYPES: [&str; 3] = ["Opaque", "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth"];

/// Whether a Secret has the label of Git credentials.
#[must_use]
pub fn is_labelled(secret: &Secret) -> bool {
    let labels = secret.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(git_label::KEY)).is_some_and(|value| value == git_label::VALUE)
}

/// Whoever may write a `GitRepository` chooses the server and the Secret, but may not be allowed to read the Secret. So
/// only a Secret that was made for this purpose is sent.
fn check_purpose(name: &str, secret: &Secret, needs_label: bool) -> Result<(), GitError> {
    let metadata = &secret.metadata;
    let is_named = [registry_secret::NAME, registry_secret::DEFAULT_NAME].contains(&name);
    let labels = metadata.labels.as_ref();
    let is_marked = [registry_secret::LABEL, config_label::KEY]
        .iter()
        .any(|key| labels.is_some_and(|labels| labels.contains_key(*key)));
    let annotations = metadata.annotations.as_ref();
    let is_copy = annotations.is_some_and(|all| all.contains_key(copy_mark::COPIED_FROM));
    if is_named || is_marked || is_copy {
        return Err(GitError::Secret(format!(
            "Secret {name} is not for Git: its credentials are those of a registry or of the installation; name a Secret in spec.auth.secretName of the GitRepository that was made for this repository"
        )));
    }
    let kind = secret.type_.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("Opaque");
    if !TYPES.contains(&kind) {
        return Err(GitError::Secret(format!(
            "Secret {name} is not for Git: its type must be one of {}",
            TYPES.join(", ")
        )));
    }
    if needs_label && !is_labelled(secret) {
        return Err(GitError::Secret(format!(
            "Secret {name} is not for Git: label it {}={}",
            git_label::KEY,
            git_label::VALUE
        )));
    }
    Ok(())
}

impl Credentials {
    /// Reads a Secret, if it was made for this purpose; `recorded` are the host keys that were first seen.
    ///
    /// # Errors
    /// If the Secret has another purpose, or lacks a key.
    pub fn of(auth: &GitAuth, secret: Secret, recorded: &str, needs_label: bool) -> Result<Self, GitError> {
        let name = &auth.secret_name;
        check_purpose(name, &secret, needs_label)?;
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
        let error = Credentials::of(&auth, secret, "", false).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.is_of_credentials());
    }

    #[test]
    fn nothing_of_them_is_shown() {
        let secret: Secret =
            serde_json::from_value(json!({"data": {"username": "dQ==", "password": "c2VjcmV0"}})).unwrap();
        let auth = GitAuth { auth_type: "basic".to_owned(), secret_name: "s".to_owned() };
        assert_eq!(format!("{:?}", Credentials::of(&auth, secret, "", false).unwrap()), "Basic");
    }

    const REFUSED: &str = "its credentials are those of a registry or of the installation; name a Secret in spec.auth.secretName of the GitRepository that was made for this repository";

    #[rstest]
    #[case::registry("serverless-registry-config", json!({}), "Opaque", false, REFUSED)]
    #[case::registry_of_the_installation("serverless-registry-config-default", json!({}), "Opaque", false, REFUSED)]
    #[case::remote_registry(
        "s", json!({"labels": {"serverless.kyma-project.io/remote-registry": "config"}}), "Opaque", false, REFUSED
    )]
    #[case::of_the_installation(
        "s", json!({"labels": {"serverless.kyma-project.io/config": "credentials"}}), "Opaque", false, REFUSED
    )]
    #[case::labelled_as_both(
        "s",
        json!({"labels": {
            "serverless.kyma-project.io/config": "x", "serverless.kyma-project.io/git-credentials": "true",
        }}),
        "Opaque",
        true,
        REFUSED
    )]
    #[case::copy(
        "s", json!({"annotations": {"serverless.kyma-project.io/copied-from": "kyma-system"}}), "Opaque", false, REFUSED
    )]
    #[case::docker(
        "s", json!({}), "kubernetes.io/dockerconfigjson", false,
        "its type must be one of Opaque, kubernetes.io/basic-auth, kubernetes.io/ssh-auth"
    )]
    #[case::token(
        "s", json!({}), "kubernetes.io/service-account-token", false,
        "its type must be one of Opaque, kubernetes.io/basic-auth, kubernetes.io/ssh-auth"
    )]
    #[case::without_label(
        "s", json!({}), "Opaque", true, "label it serverless.kyma-project.io/git-credentials=true"
    )]
    #[case::with_another_label(
        "s", json!({"labels": {"serverless.kyma-project.io/git-credentials": "false"}}), "Opaque", true,
        "label it serverless.kyma-project.io/git-credentials=true"
    )]
    #[case::opaque("s", json!({}), "Opaque", false, "")]
    #[case::no_type("s", json!({}), "", false, "")]
    #[case::basic_auth("s", json!({}), "kubernetes.io/basic-auth", false, "")]
    #[case::ssh_auth("s", json!({}), "kubernetes.io/ssh-auth", false, "")]
    #[case::labelled(
        "s", json!({"labels": {"serverless.kyma-project.io/git-credentials": "true"}}), "Opaque", true, ""
    )]
    fn only_a_secret_that_was_made_for_git_is_sent(
        #[case] name: &str,
        #[case] metadata: serde_json::Value,
        #[case] kind: &str,
        #[case] needs_label: bool,
        #[case] expected: &str,
    ) {
        let data = json!({"username": "dQ==", "password": "c2VjcmV0"});
        let secret = json!({"metadata": metadata, "type": kind, "data": data});
        let auth = GitAuth { auth_type: "basic".to_owned(), secret_name: name.to_owned() };
        let judged = Credentials::of(&auth, serde_json::from_value(secret).unwrap(), "", needs_label);
        if expected.is_empty() {
            judged.unwrap();
        } else {
            let error = judged.unwrap_err();
            assert_eq!(error.to_string(), format!("Secret {name} is not for Git: {expected}"));
            assert!(error.is_of_credentials());
        }
    }
}
