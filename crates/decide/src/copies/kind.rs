//! Which kinds are copied, and which fields of them.

use api::names::{config_label, rbac_label};

use crate::Kind;

/// A kind whose labelled objects are copied.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum CopiedKind {
    /// Runtimes.
    ConfigMap,
    /// Credentials of registries.
    Secret,
    /// The accounts that builds and Functions run as.
    ServiceAccount,
    /// The rights of these accounts.
    Role,
    /// The binding of these rights to the accounts.
    RoleBinding,
}

impl CopiedKind {
    /// All kinds, in the order in which a new namespace gets them.
    pub const ALL: [Self; 5] =
        [Self::ConfigMap, Self::Secret, Self::ServiceAccount, Self::Role, Self::RoleBinding];

    /// The label that asks for copies, with its value.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::ConfigMap => (config_label::KEY, config_label::RUNTIME),
            Self::Secret => (config_label::KEY, config_label::CREDENTIALS),
            Self::ServiceAccount => (config_label::KEY, config_label::SERVICE_ACCOUNT),
            Self::Role => (rbac_label::KEY, rbac_label::ROLE),
            Self::RoleBinding => (rbac_label::KEY, rbac_label::ROLE_BINDING),
        }
    }

    /// The fields, in addition to metadata, that a copy takes from its base object.
    #[must_use]
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::ConfigMap => &["data", "binaryData"],
            Self::Secret => &["data", "type"],
            Self::ServiceAccount => &["automountServiceAccountToken", "imagePullSecrets", "secrets"],
            Self::Role => &["rules"],
            Self::RoleBinding => &["roleRef", "subjects"],
        }
    }

    /// The field that cannot change. A copy that differs in it is deleted and created again.
    #[must_use]
    pub const fn fixed_field(self) -> Option<&'static str> {
        match self {
            Self::Secret => Some("type"),
            Self::RoleBinding => Some("roleRef"),
            Self::ConfigMap | Self::ServiceAccount | Self::Role => None,
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::ConfigMap => Kind::ConfigMap,
            Self::Secret => Kind::Secret,
            Self::ServiceAccount => Kind::ServiceAccount,
            Self::Role => Kind::Role,
            Self::RoleBinding => Kind::RoleBinding,
        }
    }
}
