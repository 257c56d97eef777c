//! Reads the objects that a build environment concerns.

use std::collections::BTreeMap;

use api::registry::ImageBuildEnv;
use cluster::{Error, Writer};
use decide::hash::hex;
use decide::registry::build_env::{BuildEnv, Input, Inputs, Observed};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

/// What it asks for; `None` if it is being deleted.
pub(super) fn asked(object: &ImageBuildEnv) -> Option<BuildEnv> {
    object.metadata.deletion_timestamp.is_none().then(|| BuildEnv::of(object)).flatten()
}

/// Reads the Secrets that it names, and the objects of the names that it gives.
pub(super) async fn observe(writer: &Writer, build_env: &BuildEnv, image: &str) -> Result<Observed, Error> {
    let namespace = &build_env.namespace;
    let secrets = Api::<Secret>::namespaced(writer.client().clone(), namespace);
    let mut inputs = Inputs::default();
    for name in &build_env.secrets {
        let secret = writer.fenced(secrets.get_opt(name)).await?;
        inputs.add(secret.map(Input::of));
        if inputs.is_too_large() {
            break;
        }
    }
    let mut stored = BTreeMap::new();
    for (kind, name) in build_env.names() {
        if let Some(object) = writer.get(kind, namespace, &name).await? {
            stored.insert((kind, name), object);
        }
    }
    Ok(Observed { inputs, stored, new_password: password()?, redis_image: image.to_owned() })
}

/// A password of 128 bits from the system.
fn password() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| kube::Error::Service(error.into()))?;
    Ok(hex(&bytes))
}
