//! What is known of the Git repository of a Function.

use api::GitAuth;

/// What is known of the repository of a Function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Git {
    /// The repository, if there is a `GitRepository` of the name.
    pub remote: Option<Remote>,
    /// The answer about the reference.
    pub answer: Answer,
    /// Whether the `GitRepository` exists, but is being deleted.
    pub is_deleted: bool,
    /// Whether nothing may be fetched, because it is not known that the address may be contacted and that the Secret
    /// may be sent there.
    pub is_withheld: bool,
}

/// A `GitRepository`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remote {
    /// The address.
    pub url: String,
    /// The credentials to read it with.
    pub auth: Option<GitAuth>,
    /// The host keys that were first seen, as lines of a `known_hosts` file.
    pub host_keys: String,
}

/// The answer of a repository about a reference.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    /// Nothing yet.
    #[default]
    Pending,
    /// The commit, in full.
    Commit(String),
    /// No commit: the repository could not be asked, or has no such reference.
    Failed {
        /// Whether other credentials would help.
        is_of_credentials: bool,
        /// Why, without any part of a credential.
        message: String,
    },
}
