//! The file that the credential provider of the kubelet reads: which login is for the images of which host.

use std::collections::BTreeMap;

use api::names::registry::SERVICE_ACCOUNT_USER;
use policy::container_registries::HiddenText;
use serde::{Deserialize, Serialize};

use super::hidden;

/// The name of the file.
pub const FILE_NAME: &str = "registry-credentials.json";
/// The default path, where the agent writes the file and the credential provider reads it.
///
/// It is beside the folders of hosts: containerd looks for folders there, never for this file.
pub const DEFAULT_PATH: &str = "/etc/containerd/certs.d/registry-credentials.json";

/// What the file says of who writes it.
const OWNER: &str = "serverless-node-agent";
/// How each file begins that the agent writes. It changes and removes no other files.
pub const START: &str = "{\n  \"managedBy\": \"serverless-node-agent\",\n";

/// The logins that a node has, as JSON.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CredentialsFile {
    /// Who writes the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// Each by the host in the names of images, `host[:port]`.
    pub registries: BTreeMap<String, Login>,
}

/// What is used to log in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The name of the user.
    pub username: String,
    /// The password, which is never shown.
    #[serde(with = "hidden")]
    pub password: HiddenText,
}

impl Login {
    /// That of a Pod at a registry in the cluster, with a token of its service account for this registry.
    #[must_use]
    pub fn of_service_account(token: HiddenText) -> Self {
        Self { username: SERVICE_ACCOUNT_USER.to_owned(), password: token }
    }
}

impl CredentialsFile {
    /// The same file, as the agent writes it.
    #[must_use]
    pub fn managed(self) -> Self {
        Self { managed_by: Some(OWNER.to_owned()), ..self }
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> HiddenText {
        // Maps of texts always become JSON.
        HiddenText::new(serde_json::to_string_pretty(self).unwrap_or_default() + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "registries": {
    "docker.io": {
      "username": "me",
      "password": "a\"b"
    }
  }
}
"#;

    fn file() -> CredentialsFile {
        let login = Login { username: "me".into(), password: HiddenText::new("a\"b") };
        CredentialsFile { managed_by: None, registries: [("docker.io".into(), login)].into() }
    }

    #[test]
    fn is_written_and_read() {
        assert_eq!(file().to_text().reveal(), TEXT);
        assert_eq!(serde_json::from_str::<CredentialsFile>(TEXT).unwrap(), file());
    }

    #[test]
    fn that_of_the_agent_has_its_start() {
        for file in [file(), CredentialsFile::default()] {
            assert!(!file.to_text().reveal().starts_with(START));
            assert!(file.managed().to_text().reveal().starts_with(START));
        }
    }

    #[test]
    fn shows_no_password() {
        let login = r#"Login { username: "me", password: (hidden) }"#;
        assert_eq!(
            format!("{:?}", file()),
            format!(r#"CredentialsFile {{ managed_by: None, registries: {{"docker.io": {login}}} }}"#)
        );
    }
}
