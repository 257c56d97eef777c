//! The runtime of a Function, as the ConfigMaps of its namespace have it.

use api::names::runtime_label;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::hash;

/// The runtime as the cluster has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuntimeImage {
    /// The ConfigMap with its Dockerfile.
    pub config_map: String,
    /// The hash of the Dockerfile.
    pub dockerfile: String,
}

/// Why there is no runtime.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RuntimeProblem {
    /// No ConfigMap is labelled with it.
    Missing,
    /// More than one is.
    Several(Vec<String>),
    /// The one that is holds no Dockerfile.
    NoDockerfile(String),
}

/// The `ConfigMap` of a runtime.
#[derive(Debug)]
pub struct RuntimeMap {
    /// The runtime.
    pub runtime: String,
    /// The hash of its Dockerfile, of which decisions need no more; `None` if it has none.
    pub dockerfile: Option<String>,
}

impl RuntimeMap {
    /// `None` of a ConfigMap without the label of a runtime.
    #[must_use]
    pub fn of(map: &ConfigMap) -> Option<Self> {
        let dockerfile = map.data.as_ref().and_then(|data| data.get(runtime_label::DOCKERFILE));
        Some(Self {
            runtime: map.metadata.labels.as_ref()?.get(runtime_label::RUNTIME)?.clone(),
            dockerfile: dockerfile.filter(|text| !text.trim().is_empty()).map(|text| hash::of_parts(&[text])),
        })
    }
}

/// The runtime of a name among the ConfigMaps of a namespace, each with its name.
///
/// # Errors
/// If there is not exactly one, with a Dockerfile.
pub fn runtime_image<'a>(
    maps: impl Iterator<Item = (&'a str, &'a RuntimeMap)>,
    runtime: &str,
) -> Result<RuntimeImage, RuntimeProblem> {
    let fitting: Vec<_> = maps.filter(|(_, map)| map.runtime == runtime).collect();
    match fitting.as_slice() {
        [] => Err(RuntimeProblem::Missing),
        [(name, map)] => match &map.dockerfile {
            Some(hash) => Ok(RuntimeImage { config_map: (*name).to_owned(), dockerfile: hash.clone() }),
            None => Err(RuntimeProblem::NoDockerfile((*name).to_owned())),
        },
        several => Err(RuntimeProblem::Several(several.iter().map(|(name, _)| (*name).to_owned()).collect())),
    }
}
