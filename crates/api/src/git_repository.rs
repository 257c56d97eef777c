//! The `GitRepository`: where the sources of Functions of type `git` are.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a repository is and how to read it.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
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
pub struct GitRepositorySpec {
    /// The address of the repository, over HTTP(S), SSH or the Git protocol, ending in .git.
    // A missing URL decodes as a blank one, so that validation reports it.
    #[serde(default)]
    #[schemars(!default)]
    pub url: String,
    /// How to read a repository that is not public. Needed for SSH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<GitAuth>,
}

/// How to read a repository that is not public.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GitAuth {
    /// `basic` for a user name and password or token, `key` for an SSH key.
    #[serde(rename = "type", default)]
    #[schemars(!default, extend("enum" = ["basic", "key"]))]
    pub auth_type: String,
    /// The Secret of the same namespace that holds the credentials.
    #[serde(default)]
    #[schemars(!default)]
    pub secret_name: String,
}
