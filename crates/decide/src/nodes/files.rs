//! Files for a node, before anybody writes them.

use std::collections::BTreeMap;

use policy::container_registries::HiddenText;

use crate::hash;

/// The first line of each file in the folders of containerd that is ours. The agent changes and removes no other files.
pub const MARKER: &str = "# Managed by serverless-node-agent. Changes are overwritten.";

/// Files by their paths, which are relative and have `/` between their parts. Any of them may hold credentials.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Files(pub BTreeMap<String, HiddenText>);

impl Files {
    /// The same files in a folder.
    #[must_use]
    pub fn in_folder(self, folder: &str) -> Self {
        Self(self.0.into_iter().map(|(path, text)| (format!("{folder}/{path}"), text)).collect())
    }

    /// A hash that changes with any path and any content, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let parts: Vec<_> = self.0.iter().flat_map(|(path, text)| [path.as_str(), text.reveal()]).collect();
        hash::of_parts(&parts)
    }
}

/// The name of the file of some authorities, which follows from what it holds.
pub(super) fn ca_name(ca: &str) -> String {
    format!("ca-{}.pem", hash::of_bytes(ca.as_bytes()).get(..8).unwrap_or_default())
}

/// What a format is written as, and what it cannot express.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rendered {
    /// The files.
    pub files: Files,
    /// What the model holds and the files do not, a sentence each that begins with a path such as
    /// `docker.io[1].overridePath`. No sentence holds a credential.
    pub losses: Vec<String>,
}
