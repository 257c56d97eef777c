//! Reads what a build environment asks for, and the objects that it concerns.

use std::collections::BTreeMap;

use api::registry::ImageBuildEnv;
use cluster::{Error, Writer};
use decide::hash::hex;
use decide::registry::build_env::{BuildEnv, Input, Inputs, Observed};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt as _};

/// What it asks for; `None` if it is being deleted.
pub(super) fn asked(object: &ImageBuildEnv) -> Option<BuildEnv> {
    if object.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let secrets = object.spec.secrets.iter().flatten();
    Some(BuildEnv {
        namespace: object.namespace()?,
        name: object.name_any(),
        uid: object.uid()?,
        secrets: secrets.map(|secret| secret.secret_name.clone()).collect(),
        redis: object.spec.redis.unwrap_or_default(),
    })
}

/// Reads the Secrets that it names, and the objects of the names that it gives.
pub(super) async fn observe(writer: &Writer, build_env: &BuildEnv, image: &str) -> Result<Observed, Error> {
    let namespace = &build_env.namespace;
    let secrets = Api::<Secret>::namespaced(writer.client().clone(), namespace);
    let mut inputs = Inputs::default();
    for name in &build_env.secrets {
        let secret = writer.fenced(secrets.get_opt(name)).await?;
        inputs.add(secret.map(|secret| Input {
            kind: secret.type_.unwrap_or_default(),
            data: secret.data.unwrap_or_default(),
        }));
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
