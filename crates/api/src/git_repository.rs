//! The `GitRepository`: where the sources of Functions of type `git` are.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::cel::git_repository as cel;
use crate::limits;

/// Where a repository is and how to read it.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "serverless.kyma-project.io",
    version = "v1alpha1",
    kind = "GitRepository",
    plural = "gitrepositories",
    namespaced,
    derive = "PartialEq",
    doc = "A GitRepository names a Git repository with the source code of Functions.",
    printcolumn(
        name = "URL",
        type_ = "string",
        json_path = ".spec.url",
        description = "The address of the repository"
    ),
    printcolumn(
        name = "Auth",
        type_ = "string",
        json_path = ".spec.auth.type",
        description = "How the repository is read: basic, key or, if empty, without credentials"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Time since the GitRepository was created"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = cel::url(),
    validation = cel::url_is_printable(),
    validation = cel::url_has_a_scheme(),
    validation = cel::url_without_credentials(),
    validation = cel::url_has_a_host(),
    validation = cel::url_has_a_path(),
    validation = cel::url_without_query(),
    validation = cel::url_stays_inside(),
    validation = cel::url_without_options(),
    validation = cel::ssh_has_auth(),
    validation = cel::ssh_has_a_key(),
    validation = cel::git_without_auth()
)]
pub struct GitRepositorySpec {
    /// The address of the repository, over HTTP(S), SSH or the Git protocol, ending in .git.
    // A missing URL decodes as a blank one, so that validation reports it.
    #[serde(default)]
    #[schemars(!default, length(max = limits::URL_MAX))]
    pub url: String,
    /// How to read a repository that is not public. Needed for SSH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<GitAuth>,
}

/// How to read a repository that is not public.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GitAuth {
    /// `basic` for a user name and password or token, `key` for an SSH key.
    #[serde(rename = "type", default)]
    #[schemars(!default, extend("enum" = ["basic", "key"]))]
    pub auth_type: String,
    /// The Secret of the same namespace that holds the credentials.
    #[serde(default)]
    #[schemars(!default)]
    #[x_kube(validation = cel::secret_name(), validation = cel::secret_name_syntax(), validation = cel::secret_is_for_git())]
    pub secret_name: String,
}
