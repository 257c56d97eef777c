//! A build environment, and the stored objects that a decision needs.

use std::collections::BTreeMap;
use std::fmt;

use api::names::registry::{build_env_conf, build_env_redis, build_env_redis_conf};
use api::registry::ImageBuildEnv;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;

use crate::Kind;

/// What is asked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BuildEnv {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The Secrets to merge, in order.
    pub secrets: Vec<String>,
    /// Whether there is a Redis.
    pub redis: bool,
}

/// A Secret to merge. Its Debug output has no values.
#[derive(Clone, Default, PartialEq)]
pub struct Input {
    /// Its type.
    pub kind: String,
    /// Its data.
    pub data: BTreeMap<String, ByteString>,
}

/// The Secrets to merge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    all: Vec<Option<Input>>,
    /// Their data, in bytes.
    size: usize,
}

/// The stored objects that a decision needs.
#[derive(Clone, Default, PartialEq)]
pub struct Observed {
    /// The Secrets to merge, in the order of the specification: none after [`Inputs::LIMIT`] bytes.
    pub inputs: Inputs,
    /// The objects of the names that the build environment gives, as they are stored.
    pub stored: BTreeMap<(Kind, String), Value>,
    /// A password for a Redis that has none yet.
    pub new_password: String,
    /// The image of the Redis.
    pub redis_image: String,
}

impl fmt::Debug for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Input").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl BuildEnv {
    /// Reads an object; `None` for one that no API server has stored.
    #[must_use]
    pub fn of(object: &ImageBuildEnv) -> Option<Self> {
        let secrets = object.spec.secrets.iter().flatten();
        Some(Self {
            namespace: object.metadata.namespace.clone()?,
            name: object.metadata.name.clone()?,
            uid: object.metadata.uid.clone()?,
            secrets: secrets.map(|secret| secret.secret_name.clone()).collect(),
            redis: object.spec.redis.unwrap_or_default(),
        })
    }

    /// The objects that it may have, by kind and name.
    #[must_use]
    pub fn names(&self) -> [(Kind, String); 4] {
        let redis = build_env_redis(&self.name);
        [
            (Kind::Secret, build_env_conf(&self.name)),
            (Kind::Secret, build_env_redis_conf(&self.name)),
            (Kind::Service, redis.clone()),
            (Kind::Deployment, redis),
        ]
    }
}

impl Input {
    /// Reads a Secret.
    #[must_use]
    pub fn of(secret: Secret) -> Self {
        Self { kind: secret.type_.unwrap_or_default(), data: secret.data.unwrap_or_default() }
    }
}

impl Inputs {
    /// The most data of all, in bytes: no Secret holds more.
    pub const LIMIT: usize = 1024 * 1024;

    /// Adds the next one, or that it is not there.
    pub fn add(&mut self, input: Option<Input>) {
        let data = input.iter().flat_map(|input| &input.data);
        self.size += data.map(|(key, value)| key.len() + value.0.len()).sum::<usize>();
        self.all.push(input.filter(|_| !self.is_too_large()));
    }

    /// Whether they hold more than one Secret can: no further one is needed.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.size > Self::LIMIT
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Option<Input>> {
        self.all.iter()
    }
}
