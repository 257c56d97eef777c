//! The endpoints: paths, what each is for and how the API server is to call it. The one source for the router, the
//! webhook configurations, metrics and fixtures.

use std::fmt;

use api::names::{GROUP, VERSION, cache, container_registries, gardener, registry, registry_secret};
use policy::{Config, Decision, Violation};

use super::handlers;
use super::question::SCALE;
use super::wire::{Request, Resource};

/// Decides about a question; an object that does not decode is a violation.
pub type Decide = fn(&Config, &Request<'_>) -> Result<Decision, Violation>;

/// One endpoint and the webhook that calls it.
#[derive(Debug)]
pub struct Endpoint {
    /// The path that the API server posts to.
    pub path: &'static str,
    /// The name in metrics, logs and the folders of fixtures.
    pub label: &'static str,
    /// The name of the webhook, as refusals show it.
    pub webhook: &'static str,
    /// Whether the webhook may change objects.
    pub mutating: bool,
    /// What it is called for.
    pub resource: ResourceRule,
    /// The subresources that it is called for, too.
    pub sub_resources: &'static [&'static str],
    /// The label that objects must have, if not all are meant.
    pub selector: Option<(&'static str, &'static str)>,
    /// The operations that it is called for.
    pub operations: &'static [&'static str],
    /// The name of a second webhook, which is called for deletions and never stops one.
    pub deletions: Option<&'static str>,
    /// Of an endpoint that is called only if an installation asks for it: the condition (CEL) under which it is.
    pub opt_in: Option<&'static str>,
    /// What it does.
    pub decide: Decide,
}

/// The resource that an endpoint is for.
#[derive(Clone, Copy, Debug)]
pub struct ResourceRule {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version of the group.
    pub version: &'static str,
    /// The plural.
    pub plural: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Whether its objects are in a namespace.
    pub namespaced: bool,
}

const FUNCTIONS: ResourceRule =
    ResourceRule { group: GROUP, version: VERSION, plural: "functions", kind: "Function", namespaced: true };

const GIT_REPOSITORIES: ResourceRule = ResourceRule {
    group: GROUP,
    version: VERSION,
    plural: "gitrepositories",
    kind: "GitRepository",
    namespaced: true,
};
const REGISTRY_CACHES: ResourceRule = ResourceRule {
    group: GROUP,
    version: VERSION,
    plural: "registrycaches",
    kind: "RegistryCache",
    namespaced: false,
};
const IMAGE_REGISTRIES: ResourceRule = of_registries("imageregistries", "ImageRegistry");
const IMAGE_REGISTRY_ACCOUNTS: ResourceRule = of_registries("imageregistryaccounts", "ImageRegistryAccount");
const IMAGE_PUSH_SECRETS: ResourceRule = of_registries("imagepushsecrets", "ImagePushSecret");
const IMAGE_PULL_SECRETS: ResourceRule = of_registries("imagepullsecrets", "ImagePullSecret");
const IMAGE_BUILD_ENVS: ResourceRule = of_registries("imagebuildenvs", "ImageBuildEnv");
const SECRETS: ResourceRule =
    ResourceRule { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

const SHOOTS: ResourceRule = ResourceRule {
    group: gardener::SHOOT.group,
    version: gardener::SHOOT.version,
    plural: gardener::SHOOTS,
    kind: gardener::SHOOT.kind,
    namespaced: true,
};

const fn of_registries(plural: &'static str, kind: &'static str) -> ResourceRule {
    ResourceRule { group: registry::GROUP, version: registry::VERSION, plural, kind, namespaced: true }
}

const WRITES: &[&str] = &["CREATE", "UPDATE"];

/// All endpoints.
pub static ENDPOINTS: [Endpoint; 15] = [
    Endpoint {
        path: "/defaulting/functions",
        label: "defaulting-functions",
        webhook: "defaulting.functions.serverless.kyma-project.io",
        mutating: true,
        resource: FUNCTIONS,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::default_function,
    },
    Endpoint {
        path: "/validation/functions",
        label: "validation-functions",
        webhook: "validation.functions.serverless.kyma-project.io",
        mutating: false,
        resource: FUNCTIONS,
        sub_resources: &[SCALE],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_function,
    },
    Endpoint {
        path: "/validation/gitrepositories",
        label: "validation-gitrepositories",
        webhook: "validation.gitrepositories.serverless.kyma-project.io",
        mutating: false,
        resource: GIT_REPOSITORIES,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_git_repository,
    },
    Endpoint {
        path: "/mutation/registry-secrets",
        label: "mutation-registry-secrets",
        webhook: "mutation.registry-secrets.serverless.kyma-project.io",
        mutating: true,
        resource: SECRETS,
        sub_resources: &[],
        selector: Some((registry_secret::LABEL, registry_secret::LABEL_VALUE)),
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::mutate_registry_secret,
    },
    Endpoint {
        path: "/mutation/container-registries",
        label: "mutation-container-registries",
        webhook: "mutation.container-registries.serverless.kyma-project.io",
        mutating: true,
        resource: SECRETS,
        sub_resources: &[],
        selector: Some((container_registries::LABEL, container_registries::LABEL_VALUE)),
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::mutate_container_registries,
    },
    Endpoint {
        path: "/defaulting/imageregistries",
        label: "defaulting-imageregistries",
        webhook: "defaulting.imageregistries.serverless.kyma-project.io",
        mutating: true,
        resource: IMAGE_REGISTRIES,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::default_image_registry,
    },
    Endpoint {
        path: "/validation/imageregistries",
        label: "validation-imageregistries",
        webhook: "validation.imageregistries.serverless.kyma-project.io",
        mutating: false,
        resource: IMAGE_REGISTRIES,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_image_registry,
    },
    Endpoint {
        path: "/validation/imageregistryaccounts",
        label: "validation-imageregistryaccounts",
        webhook: "validation.imageregistryaccounts.serverless.kyma-project.io",
        mutating: false,
        resource: IMAGE_REGISTRY_ACCOUNTS,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_image_registry_account,
    },
    Endpoint {
        path: "/validation/imagepushsecrets",
        label: "validation-imagepushsecrets",
        webhook: "validation.imagepushsecrets.serverless.kyma-project.io",
        mutating: false,
        resource: IMAGE_PUSH_SECRETS,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_image_push_secret,
    },
    Endpoint {
        path: "/validation/imagepullsecrets",
        label: "validation-imagepullsecrets",
        webhook: "validation.imagepullsecrets.serverless.kyma-project.io",
        mutating: false,
        resource: IMAGE_PULL_SECRETS,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_image_pull_secret,
    },
    Endpoint {
        path: "/validation/imagebuildenvs",
        label: "validation-imagebuildenvs",
        webhook: "validation.imagebuildenvs.serverless.kyma-project.io",
        mutating: false,
        resource: IMAGE_BUILD_ENVS,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_image_build_env,
    },
    Endpoint {
        path: "/defaulting/registrycaches",
        label: "defaulting-registrycaches",
        webhook: "defaulting.registrycaches.serverless.kyma-project.io",
        mutating: true,
        resource: REGISTRY_CACHES,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::default_registry_cache,
    },
    Endpoint {
        path: "/validation/registrycaches",
        label: "validation-registrycaches",
        webhook: "validation.registrycaches.serverless.kyma-project.io",
        mutating: false,
        resource: REGISTRY_CACHES,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: None,
        decide: handlers::validate_registry_cache,
    },
    Endpoint {
        path: "/validation/upstream-credentials",
        label: "validation-upstream-credentials",
        webhook: "validation.upstream-credentials.serverless.kyma-project.io",
        mutating: false,
        resource: SECRETS,
        sub_resources: &[],
        selector: Some((cache::CREDENTIALS, cache::CREDENTIALS_VALUE)),
        operations: WRITES,
        deletions: Some("deletion.upstream-credentials.serverless.kyma-project.io"),
        opt_in: None,
        decide: handlers::validate_upstream_credentials,
    },
    Endpoint {
        path: "/validation/shoots",
        label: "validation-shoots",
        webhook: "validation.shoots.serverless.kyma-project.io",
        mutating: false,
        resource: SHOOTS,
        sub_resources: &[],
        selector: None,
        operations: WRITES,
        deletions: None,
        opt_in: Some(
            "has(object.spec.extensions) && object.spec.extensions.exists(extension, extension.type in ['registry-cache', 'registry-mirror'])",
        ),
        decide: handlers::validate_shoot,
    },
];

impl Endpoint {
    /// Whether the objects that it is asked about hold credentials.
    #[must_use]
    pub(crate) fn is_secret(&self) -> bool {
        [SECRETS.kind, IMAGE_REGISTRY_ACCOUNTS.kind].contains(&self.resource.kind)
    }
}

impl ResourceRule {
    /// Whether this is the resource that a question is about.
    #[must_use]
    pub(crate) fn is(&self, resource: &Resource<'_>) -> bool {
        resource.group == self.group && resource.version == self.version && resource.resource == self.plural
    }
}

impl fmt::Display for ResourceRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_resource(formatter, self.plural, self.version, self.group)
    }
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_resource(formatter, &self.resource, &self.version, &self.group)
    }
}

/// `functions.v1alpha1.serverless.kyma-project.io`, and `secrets.v1` in the core group.
fn write_resource(
    formatter: &mut fmt::Formatter<'_>,
    plural: &str,
    version: &str,
    group: &str,
) -> fmt::Result {
    let dot = if group.is_empty() { "" } else { "." };
    write!(formatter, "{plural}.{version}{dot}{group}")
}

/// The Service through which the API server calls the endpoints.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Its namespace.
    pub namespace: &'static str,
    /// Its port.
    pub port: i32,
}

/// See [`Service`].
pub const SERVICE: Service = Service { name: "serverless-webhook", namespace: "kyma-system", port: 443 };
