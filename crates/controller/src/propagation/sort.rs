//! What is copied, and what of it.

use api::names::{config_label, rbac_label};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::ApiResource;

/// A kind of which labelled objects are copied.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Sort {
    /// Runtimes.
    ConfigMap,
    /// Credentials of registries.
    Secret,
    /// What builds and Functions run as.
    ServiceAccount,
    /// What those may do.
    Role,
    /// And that they may.
    RoleBinding,
}

impl Sort {
    /// All of them, in the order in which a new namespace gets them.
    pub(super) const ALL: [Self; 5] =
        [Self::ConfigMap, Self::Secret, Self::ServiceAccount, Self::Role, Self::RoleBinding];

    /// The label that asks for copies, with its value.
    #[must_use]
    pub(super) const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::ConfigMap => (config_label::KEY, config_label::RUNTIME),
            Self::Secret => (config_label::KEY, config_label::CREDENTIALS),
            Self::ServiceAccount => (config_label::KEY, config_label::SERVICE_ACCOUNT),
            Self::Role => (rbac_label::KEY, rbac_label::ROLE),
            Self::RoleBinding => (rbac_label::KEY, rbac_label::ROLE_BINDING),
        }
    }

    /// The fields beside metadata that a copy has of what it is copied from.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::ConfigMap => &["data", "binaryData"],
            Self::Secret => &["data", "type"],
            Self::ServiceAccount => &["automountServiceAccountToken", "imagePullSecrets", "secrets"],
            Self::Role => &["rules"],
            Self::RoleBinding => &["roleRef", "subjects"],
        }
    }

    /// The field that cannot change, so that its copy has to be made anew.
    pub(super) const fn fixed_field(self) -> Option<&'static str> {
        match self {
            Self::Secret => Some("type"),
            Self::RoleBinding => Some("roleRef"),
            Self::ConfigMap | Self::ServiceAccount | Self::Role => None,
        }
    }

    pub(super) fn resource(self) -> ApiResource {
        match self {
            Self::ConfigMap => ApiResource::erase::<ConfigMap>(&()),
            Self::Secret => ApiResource::erase::<Secret>(&()),
            Self::ServiceAccount => ApiResource::erase::<ServiceAccount>(&()),
            Self::Role => ApiResource::erase::<Role>(&()),
            Self::RoleBinding => ApiResource::erase::<RoleBinding>(&()),
        }
    }
}
