//! Everything that determines the objects of a Function.

use std::cell::OnceCell;

use api::GitAuth;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::config::{Config, Runtime};
use super::image;
use super::model::{Function, Source};
use super::names::Identity;
use super::registry::Registry;
use super::runtime::RuntimeImage;
use crate::hash;

/// Where the source of a Function of type `git` is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Checkout {
    /// The address of the repository.
    pub url: String,
    /// The commit, in full.
    pub commit: String,
    /// The credentials to read it with.
    pub auth: Option<GitAuth>,
    /// The host keys that were first seen, as lines of a `known_hosts` file.
    pub host_keys: String,
}

/// Everything that determines the objects of a Function.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The Function.
    pub function: &'a Function,
    /// Its identity.
    pub identity: &'a Identity,
    /// Which files its runtime needs.
    pub runtime: &'a Runtime,
    /// The runtime, from its ConfigMap in the cluster.
    pub runtime_image: &'a RuntimeImage,
    /// The registry that images are pushed to.
    pub registry: &'a Registry,
    /// Where the source is, if it is not in the Function.
    pub checkout: Option<Checkout>,
    /// The digest of the image, once it is built.
    pub digest: Option<String>,
    /// See [`Inputs::tag`]. Cached, because a source can be a megabyte and several objects need the tag.
    tag: OnceCell<String>,
}

impl<'a> Inputs<'a> {
    /// The inputs, before an image is built.
    pub(super) fn new(
        config: &'a Config,
        function: &'a Function,
        (runtime, runtime_image, registry): (&'a Runtime, &'a RuntimeImage, &'a Registry),
        checkout: Option<Checkout>,
    ) -> Self {
        let (digest, tag) = (None, OnceCell::new());
        let identity = &function.identity;
        Self { config, function, identity, runtime, runtime_image, registry, checkout, digest, tag }
    }

    /// The dependencies that are built.
    #[must_use]
    pub(super) fn dependencies(&self) -> &str {
        match &self.function.source {
            Source::Inline { dependencies: Some(given), .. } if !given.trim().is_empty() => given,
            Source::Inline { .. } | Source::Git { .. } => &self.runtime.no_dependencies,
        }
    }

    /// The directory of the repository, without slashes around it.
    #[must_use]
    pub(super) fn base_dir(&self) -> &str {
        match &self.function.source {
            Source::Git { base_dir: Some(base_dir), .. } => base_dir.trim_matches('/'),
            Source::Git { base_dir: None, .. } | Source::Inline { .. } => "",
        }
    }

    /// The tag of the image: a hash of everything that goes into it, and of nothing else.
    #[must_use]
    pub(super) fn tag(&self) -> &str {
        self.tag.get_or_init(|| self.hash())
    }

    fn hash(&self) -> String {
        let mut parts = vec![self.identity.uid.as_str()];
        match &self.checkout {
            None => parts.extend(["inline", self.function.source.text(), self.dependencies()]),
            Some(checkout) => parts.extend(["git", &checkout.url, &checkout.commit, self.base_dir()]),
        }
        parts.push(&self.function.runtime);
        parts.push(&self.runtime_image.hash);
        parts.push(self.runtime.base_image.as_deref().unwrap_or_default());
        // Somebody who requests a rebuild wants it rolled out, too.
        parts.extend(self.function.annotation(api::names::REBUILD));
        hash::of_parts(&parts)
    }

    /// The image to push.
    #[must_use]
    pub(super) fn push_image(&self) -> String {
        image::name(&self.registry.push, self.identity, self.tag())
    }

    /// The image to pull.
    #[must_use]
    pub(super) fn pull_image(&self) -> String {
        image::name(&self.registry.pull, self.identity, self.tag())
    }

    /// The cache of the layers of its images.
    #[must_use]
    pub(super) fn cache_image(&self) -> String {
        image::cache(&self.registry.push, self.identity, self.function.annotation(api::names::REBUILD))
    }

    /// The image to run: by its digest, so that moving the tag changes nothing.
    #[must_use]
    pub(super) fn run_image(&self) -> String {
        let image = self.pull_image();
        self.digest.as_ref().map_or_else(|| image.clone(), |digest| format!("{image}@{digest}"))
    }

    /// The metadata of an object of the Function.
    #[must_use]
    pub(super) fn metadata(&self, name: String) -> ObjectMeta {
        self.identity.metadata(self.function.metadata.labels.as_ref(), name)
    }
}
