//! The kinds of registries in the cluster, as image-registry-operator has them: a registry, its accounts, the Secrets with
//! which images are pushed and pulled, and environments of builds.

mod account;
mod build_env;
mod image_registry;
mod image_secret;
pub mod must;
mod shared;
mod status;

pub use account::{
    AccountPassword, ImageRegistryAccount, ImageRegistryAccountSpec, ImageRegistryAccountStatus, PasswordHash,
};
pub use build_env::{ImageBuildEnv, ImageBuildEnvSpec, ImageBuildEnvStatus};
pub use image_registry::{
    AllowedNamespaces, ImageRegistry, ImageRegistrySpec, ImageRegistryStatus, RegistryAuth, RegistryService,
    RegistryStorage, S3, TokenTtl, VolumeClaim, VolumeResources,
};
pub use image_secret::{
    ImagePullSecret, ImagePullSecretSpec, ImagePushSecret, ImagePushSecretSpec, ImageSecretStatus,
    RegistryRef, UsedRegistry,
};
pub use shared::{CertificateSource, IssuerRef, SecretRef};
pub use status::{RegistryConditionType, RegistryReason};
