//! What image-registry-operator has left: the Secrets that it merged refer to the build environment as an owner, and a finalizer
//! keeps the build environment until they do not. Without that, Kubernetes would delete Secrets of others with it.

use std::collections::BTreeSet;

use api::names::registry::INPUTS_FINALIZER;
use api::registry::ImageBuildEnv;
use cluster::{Error, Writer};
use decide::owner::without_references;
use decide::{Kind, finalizers};
use kube::ResourceExt as _;

/// Removes it.
pub(super) async fn release(writer: &Writer, object: &ImageBuildEnv) -> Result<(), Error> {
    if !finalizers::has(&object.metadata, INPUTS_FINALIZER) {
        return Ok(());
    }
    let (namespace, uid) = (object.namespace().unwrap_or_default(), object.uid().unwrap_or_default());
    let merged = object.status.iter().filter_map(|status| status.secret_refs.as_ref()).flatten();
    let asked = object.spec.secrets.iter().flatten();
    let names: BTreeSet<_> = merged.chain(asked).map(|secret| &secret.secret_name).collect();
    let secrets = writer.api(Kind::Secret, &namespace);
    for name in names {
        let found = writer.fenced(secrets.get_metadata_opt(name)).await?;
        if let Some(patch) = found.and_then(|found| without_references(&found.metadata, &uid)) {
            writer.patch(Kind::Secret, &namespace, name, patch).await?;
        }
    }
    let patch = finalizers::removed(&object.metadata, INPUTS_FINALIZER);
    match writer.patch(Kind::ImageBuildEnv, &namespace, &object.name_any(), patch).await {
        Err(error) if error.is_not_found() => Ok(()),
        patched => patched.map(drop),
    }
}
