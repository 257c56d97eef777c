//! The configuration as the rest of the program has it: checked, with every value in its place.

use std::collections::BTreeSet;

use decide::function::Config as FunctionConfig;
use remote::git::GitConfig;
use remote::registry::RegistryConfig;

use super::caches::Caches;
use super::image_registries::ImageRegistries;

/// The configuration of the controller.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How Functions are built and run.
    pub functions: FunctionConfig,
    /// How many Jobs build at once, in the whole cluster.
    pub max_builds: usize,
    /// How many of them may be of one namespace; see [`Config::builds_per_namespace`].
    pub max_builds_per_namespace: Option<usize>,
    /// How Git remotes are asked.
    pub git: GitConfig,
    /// Pull-through caches.
    pub caches: Caches,
    /// Registries in the cluster.
    pub image_registries: ImageRegistries,
    /// How many Functions are looked at at once.
    pub workers: u16,
    /// The namespace of this controller, where it hands runtimes to the webhook.
    pub namespace: String,
    /// What is copied where.
    pub propagation: Propagation,
    /// Whether credentials of registries are verified when they change.
    pub registry_check: bool,
    /// How registries are asked then.
    pub registries: RegistryConfig,
}

/// From where and to where labelled objects are copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Propagation {
    /// The namespace from which they are copied.
    pub base_namespace: String,
    /// Namespaces that get no copies.
    pub excluded_namespaces: BTreeSet<String>,
}

impl Default for Propagation {
    /// The values of the reference implementation.
    fn default() -> Self {
        let excluded = [
            "compass-system",
            "istio-system",
            "kube-node-lease",
            "kube-public",
            "kube-system",
            "kyma-installer",
            "kyma-integration",
            "kyma-system",
            "natss",
        ];
        Self {
            base_namespace: "kyma-system".to_owned(),
            excluded_namespaces: excluded.map(str::to_owned).into(),
        }
    }
}

impl Config {
    /// How many Jobs of one namespace build at once: unless it is set, all but a fifth, which is left for the others.
    #[must_use]
    pub fn builds_per_namespace(&self) -> usize {
        let left = (self.max_builds / 5).max(1);
        self.max_builds_per_namespace.unwrap_or(self.max_builds.saturating_sub(left)).max(1)
    }
}

impl Default for Config {
    fn default() -> Self {
        let propagation = Propagation::default();
        let excluded_namespaces = propagation.excluded_namespaces.clone();
        Self {
            functions: FunctionConfig { excluded_namespaces, ..FunctionConfig::default() },
            max_builds: 5,
            max_builds_per_namespace: None,
            git: GitConfig::default(),
            caches: Caches::with_images_of(&ImageRegistries::default()),
            image_registries: ImageRegistries::default(),
            workers: 8,
            namespace: "kyma-system".to_owned(),
            propagation,
            registry_check: true,
            registries: RegistryConfig::default(),
        }
    }
}
