//! The objects that a Function is to have. Pure: the same input gives the same objects, byte by byte.

mod autoscaler;
mod config_map;
mod deployment;
mod fetch;
mod job;
mod service;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use api::{Function, GitAuth};
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::config::{Config, Runtime};
use crate::image;
use crate::names::Identity;

pub use autoscaler::autoscaler;
pub use config_map::config_map;
pub use deployment::deployment;
pub use job::{job, job_labels};
pub use service::service;

/// The port that Functions listen on.
const PORT: i32 = 8080;
/// The name of that port, of the Service too.
const PORT_NAME: &str = "http";

/// The runtime as the cluster has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuntimeImage {
    /// The ConfigMap with its Dockerfile and its files.
    pub config_map: String,
    /// The hash of all that a build takes of the ConfigMap.
    pub hash: String,
    /// The names of its files, beside the Dockerfile.
    pub files: Vec<String>,
}

/// Where images go to and come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    /// The Secret with the credentials.
    pub secret: String,
    /// Its version.
    pub version: String,
    /// The address that images are pushed to.
    pub push: String,
    /// The address that they are pulled from.
    pub pull: String,
}

/// Where the source of a Function of type `git` is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkout {
    /// The address of the repository.
    pub url: String,
    /// The commit, in full.
    pub commit: String,
    /// The credentials to read it with.
    pub auth: Option<GitAuth>,
    /// The host keys that were met first, as lines of a `known_hosts` file.
    pub host_keys: String,
}

/// All that the objects of a Function follow from.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The Function.
    pub function: &'a Function,
    /// Who it is.
    pub identity: &'a Identity,
    /// How its runtime wants its files.
    pub runtime: &'a Runtime,
    /// The runtime as the cluster has it.
    pub runtime_image: &'a RuntimeImage,
    /// Where images go.
    pub registry: &'a Registry,
    /// Where the source is, if not in the Function.
    pub checkout: Option<Checkout>,
    /// The digest of the image, once it is built.
    pub digest: Option<String>,
    /// See [`Inputs::tag`]: a source can be a megabyte, and is asked for by several objects.
    tag: OnceCell<String>,
}

impl<'a> Inputs<'a> {
    /// What is known before anything is built.
    #[must_use]
    pub fn new(
        config: &'a Config,
        function: &'a Function,
        identity: &'a Identity,
        (runtime, runtime_image, registry): (&'a Runtime, &'a RuntimeImage, &'a Registry),
        checkout: Option<Checkout>,
    ) -> Self {
        let (digest, tag) = (None, OnceCell::new());
        Self { config, function, identity, runtime, runtime_image, registry, checkout, digest, tag }
    }

    /// The dependencies as they are built.
    #[must_use]
    pub fn dependencies(&self) -> &str {
        let deps = self.function.spec.deps.as_deref().unwrap_or_default();
        if deps.trim().is_empty() { &self.runtime.no_dependencies } else { deps }
    }

    /// The directory of the repository, without slashes around it.
    #[must_use]
    pub fn base_dir(&self) -> &str {
        self.function.spec.base_dir.as_deref().unwrap_or_default().trim_matches('/')
    }

    /// The tag of the image: of everything that goes into it, and of nothing else.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.tag.get_or_init(|| self.hash())
    }

    fn hash(&self) -> String {
        let spec = &self.function.spec;
        let mut parts = vec![self.identity.uid.as_str()];
        match &self.checkout {
            None => parts.extend(["inline", &spec.source, self.dependencies()]),
            Some(checkout) => parts.extend(["git", &checkout.url, &checkout.commit, self.base_dir()]),
        }
        parts.push(spec.runtime.as_deref().unwrap_or_default());
        parts.push(&self.runtime_image.hash);
        parts.push(self.runtime.base_image.as_deref().unwrap_or_default());
        // Who asks for an image to be built anew wants it to be rolled out, too.
        let annotations = self.function.metadata.annotations.as_ref();
        parts.extend(annotations.and_then(|all| all.get(api::names::REBUILD)).map(String::as_str));
        image::tag(&parts)
    }

    /// The image as it is pushed.
    #[must_use]
    pub fn push_image(&self) -> String {
        image::name(&self.registry.push, self.identity, self.tag())
    }

    /// The image as it is pulled.
    #[must_use]
    pub fn pull_image(&self) -> String {
        image::name(&self.registry.pull, self.identity, self.tag())
    }

    /// The image as it runs: by its digest, so that whoever moves the tag changes nothing.
    #[must_use]
    pub fn run_image(&self) -> String {
        let image = self.pull_image();
        self.digest.as_ref().map_or_else(|| image.clone(), |digest| format!("{image}@{digest}"))
    }
}

/// Quantities as Kubernetes writes them, so that what is stored is what was wanted.
fn resources(resources: Option<&api::Resources>) -> Option<ResourceRequirements> {
    let resources = resources?;
    let quantities = |quantities: &Option<BTreeMap<String, api::RawQuantity>>| {
        let quantities = quantities.as_ref()?.iter();
        let canonical = |raw: &api::RawQuantity| {
            let text = raw.text();
            policy::quantity::Quantity::parse(&text)
                .map_or_else(|_| text.into_owned(), |quantity| quantity.to_string())
        };
        Some(quantities.map(|(name, raw)| (name.clone(), Quantity(canonical(raw)))).collect())
    };
    Some(ResourceRequirements {
        limits: quantities(&resources.limits),
        requests: quantities(&resources.requests),
        claims: None,
    })
}
