//! The schemas of the CRDs, as values.

use kube::CustomResourceExt as _;
use serde_json::Value;

use crate::cache::RegistryCache;
use crate::registry::{ImageBuildEnv, ImagePullSecret, ImagePushSecret, ImageRegistry, ImageRegistryAccount};
use crate::{Function, GitRepository};

/// The schema of a kind (`openAPIV3Schema` of its CRD). It covers whole objects, except their metadata.
#[must_use]
pub fn of(kind: &str) -> Option<Value> {
    let crd = match kind {
        "Function" => Function::crd(),
        "GitRepository" => GitRepository::crd(),
        "RegistryCache" => RegistryCache::crd(),
        "ImageRegistry" => ImageRegistry::crd(),
        "ImageRegistryAccount" => ImageRegistryAccount::crd(),
        "ImagePushSecret" => ImagePushSecret::crd(),
        "ImagePullSecret" => ImagePullSecret::crd(),
        "ImageBuildEnv" => ImageBuildEnv::crd(),
        _ => return None,
    };
    let schema = crd.spec.versions.into_iter().next()?.schema?.open_api_v3_schema?;
    serde_json::to_value(schema).ok()
}
