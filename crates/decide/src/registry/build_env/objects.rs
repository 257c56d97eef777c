//! The Secret that builds mount, and what all objects of a build environment have in common.

use api::names::registry::{GROUP, VERSION, build_env_conf, build_env_label, build_env_redis};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::merged::Merged;
use super::model::{BuildEnv, Observed};
use crate::owner::reference;
use crate::plan::Wanted;
use crate::{Kind, drift};

/// The port of the Redis.
pub(super) const PORT: u16 = 6379;
/// The key of the password of the Redis.
pub(super) const PASSWORD: &str = "redis_password";

/// The Secret: what the first of the merged Secrets holds, the merged configuration in its two places, and where the Redis
/// is.
pub(super) fn conf(env: &BuildEnv, observed: &Observed, merged: &Merged, password: Option<&str>) -> Wanted {
    let first = observed.inputs.iter().flatten().take(1).flat_map(|input| &input.data);
    let mut data: Map<String, Value> =
        first.map(|(key, value)| (key.clone(), BASE64.encode(&value.0).into())).collect();
    let mut put = |key: &str, text: &str| data.insert(key.to_owned(), BASE64.encode(text).into());
    let config = merged.docker_config();
    put(".dockerconfigjson", &config);
    put("config.json", &config);
    put("makisu.yaml", &merged.makisu());
    if let Some(password) = password {
        put("redis", &format!("{}:{PORT}", build_env_redis(&env.name)));
        put(PASSWORD, password);
    }
    secret(env, build_env_conf(&env.name), &data)
}

/// A Secret of a build environment.
pub(super) fn secret(env: &BuildEnv, name: String, data: &Map<String, Value>) -> Wanted {
    let object = json!({
        "apiVersion": Kind::Secret.api_version(),
        "kind": Kind::Secret.as_str(),
        "metadata": metadata(env, &name),
        "type": "Opaque",
        "data": data,
    });
    Wanted { kind: Kind::Secret, namespace: env.namespace.clone(), name, object }
}

/// The metadata of an object of a build environment, which is deleted with it.
pub(super) fn metadata(env: &BuildEnv, name: &str) -> Value {
    json!({
        "name": name,
        "namespace": env.namespace,
        "labels": {(build_env_label::KEY): build_env_label::VALUE},
        "ownerReferences": [reference(format!("{GROUP}/{VERSION}"), "ImageBuildEnv", &env.name, &env.uid)],
    })
}

/// What others have added to the data of a Secret, as a merge patch that removes it.
#[must_use]
pub fn foreign(wanted: &Wanted, stored: &Value) -> Map<String, Value> {
    if wanted.kind == Kind::Secret { drift::foreign_data(&wanted.object, stored) } else { Map::new() }
}

/// Whether an object is stored as wanted. A Secret has no mark, which would be a hash of credentials.
#[must_use]
pub fn is_stored(wanted: &Wanted, stored: &Value) -> bool {
    drift::is_stored(&wanted.object, stored) && foreign(wanted, stored).is_empty()
}
