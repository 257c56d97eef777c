//! The one place for group, version, label keys and Secret keys.

pub mod cache;
pub mod gardener;
pub mod image_registry;
pub mod registry;

/// API group of the custom resources.
pub const GROUP: &str = "serverless.kyma-project.io";
/// Served version of the custom resources.
pub const VERSION: &str = "v1alpha1";

/// The prefix of all labels and annotations of the project.
pub const LABEL_PREFIX: &str = "serverless.kyma-project.io/";
/// What the labels of [`preset_label`] end with.
pub const PRESET_SUFFIX: &str = "-preset";

/// Labels that choose a preset for a Function, on `metadata.labels`.
pub mod preset_label {
    /// Chooses `minReplicas` and `maxReplicas`.
    pub const REPLICAS: &str = "serverless.kyma-project.io/replicas-preset";
    /// Chooses `resources`.
    pub const FUNCTION_RESOURCES: &str = "serverless.kyma-project.io/function-resources-preset";
    /// Chooses `buildResources`.
    pub const BUILD_RESOURCES: &str = "serverless.kyma-project.io/build-resources-preset";
    /// All of them: a change of one is a change of what a Function asks for.
    pub const ALL: [&str; 3] = [REPLICAS, FUNCTION_RESOURCES, BUILD_RESOURCES];
}

/// Labels that the controller writes on everything that it makes from a Function.
pub mod owned_label {
    /// Name of the Function.
    pub const FUNCTION_NAME: &str = "serverless.kyma-project.io/function-name";
    /// [`MANAGER`].
    pub const MANAGED_BY: &str = "serverless.kyma-project.io/managed-by";
    /// The value of [`MANAGED_BY`].
    pub const MANAGER: &str = "function-controller";
    /// UID of the Function.
    pub const UUID: &str = "serverless.kyma-project.io/uuid";
    /// What the object is for: `deployment`.
    pub const RESOURCE: &str = "serverless.kyma-project.io/resource";
    /// All of them: none may be set in `spec.labels`.
    pub const ALL: [&str; 4] = [FUNCTION_NAME, MANAGED_BY, UUID, RESOURCE];
}

/// The label of what is copied from the base namespace into all others.
pub mod config_label {
    /// Its key.
    pub const KEY: &str = "serverless.kyma-project.io/config";
    /// Its value on `ConfigMaps` of runtimes.
    pub const RUNTIME: &str = "runtime";
    /// Its value on Secrets with credentials of registries.
    pub const CREDENTIALS: &str = "credentials";
    /// Its value on service accounts.
    pub const SERVICE_ACCOUNT: &str = "service-account";
}

/// The label of Roles and bindings that are copied with them.
pub mod rbac_label {
    /// Its key.
    pub const KEY: &str = "serverless.kyma-project.io/rbac";
    /// Its value on Roles.
    pub const ROLE: &str = "role";
    /// Its value on bindings.
    pub const ROLE_BINDING: &str = "rolebinding";
}

/// Label of the objects that a program writes for itself and for no Function.
pub mod program_label {
    /// See above.
    pub const NAME: &str = "app.kubernetes.io/name";
    /// The value on objects of the controller.
    pub const CONTROLLER: &str = "serverless-controller";
}

/// What is said of the copying, on what is copied and on the copies.
pub mod copy_mark {
    /// The value of [`super::owned_label::MANAGED_BY`] on a Secret that belongs to the users of its namespace: it is no copy.
    pub const KEPT_BY_USER: &str = "user";
    /// Finalizer of Secrets of the base namespace of which there are copies.
    pub const FINALIZER: &str = "serverless.kyma-project.io/finalizer-registry-config";
    /// Annotation of a copy: the base namespace.
    pub const COPIED_FROM: &str = "serverless.kyma-project.io/copied-from";
    /// Annotation of a copy of a service account: which of its `imagePullSecrets` came with it.
    pub const PULL_SECRETS: &str = "serverless.kyma-project.io/image-pull-secrets";
}

/// `ConfigMaps` with the Dockerfiles of runtimes. What those of the base namespace say of themselves in annotations holds for
/// the whole cluster.
pub mod runtime_label {
    /// Label with the name of the runtime.
    pub const RUNTIME: &str = "serverless.kyma-project.io/runtime";
    /// Key of the Dockerfile.
    pub const DOCKERFILE: &str = "Dockerfile";
    /// Annotation with the language: `nodejs` or `python`. It is what makes a runtime that is not built in.
    pub const LANGUAGE: &str = "serverless.kyma-project.io/language";
    /// Annotation with the reason why the runtime should not be used any more: authors get it as a warning.
    pub const DEPRECATED: &str = "serverless.kyma-project.io/deprecated";
    /// Annotation with the runtime to use in place of a deprecated one.
    pub const SUCCESSOR: &str = "serverless.kyma-project.io/successor";
}

/// The `ConfigMap` by which the controller hands the runtimes of the base namespace to the webhook.
pub mod handed_runtimes {
    /// Its name, in the namespace of the controller.
    pub const NAME: &str = "serverless-runtimes";
    /// Its key: a configuration of the webhook that holds `runtimes` alone.
    pub const KEY: &str = "runtimes.yaml";
}

/// Annotations by which the controller knows its build Jobs again.
pub mod job_annotation {
    /// The image that the Job pushes.
    pub const IMAGE: &str = "serverless.kyma-project.io/image";
    /// Which attempt at that image it is.
    pub const ATTEMPT: &str = "serverless.kyma-project.io/attempt";
    /// The version of the registry Secret that it was given.
    pub const CREDENTIALS: &str = "serverless.kyma-project.io/credentials-version";
    /// The digest of the image that the Job has pushed, as its builder reports it.
    pub const DIGEST: &str = "serverless.kyma-project.io/image-digest";
    /// Why the controller has ended the Job, or cannot use what it has built.
    pub const FAILURE: &str = "serverless.kyma-project.io/failure";
}

/// Annotation of everything that the controller applies: a hash of what it applied.
pub const APPLIED: &str = "serverless.kyma-project.io/applied";
/// Annotation of a registry Secret: when its credentials were tried, and what the registry made of them.
pub const REGISTRY_CHECK: &str = "serverless.kyma-project.io/registry-check";
/// Annotation of a Function: any new value builds its image anew.
pub const REBUILD: &str = "serverless.kyma-project.io/rebuild";
/// Annotation of a Function: how often its Git remote is asked, such as `30s` or `5m`.
pub const GIT_POLL_INTERVAL: &str = "serverless.kyma-project.io/gitPollInterval";
/// Annotation of a `GitRepository`: the host keys that were met first, as lines of a `known_hosts` file.
pub const HOST_KEYS: &str = "serverless.kyma-project.io/host-keys";

/// The label of Secrets with credentials of Git repositories.
pub mod git_label {
    /// Its key.
    pub const KEY: &str = "serverless.kyma-project.io/git-credentials";
    /// Its value.
    pub const VALUE: &str = "true";
}

/// The registry Secret: credentials with which images are pushed and pulled.
pub mod registry_secret {
    /// Label that makes a Secret a registry Secret, with the value [`LABEL_VALUE`].
    pub const LABEL: &str = "serverless.kyma-project.io/remote-registry";
    /// See [`LABEL`].
    pub const LABEL_VALUE: &str = "config";
    /// The name of the registry Secret of a namespace.
    pub const NAME: &str = "serverless-registry-config";
    /// The name of the registry Secret of the installation, used where there is no other.
    pub const DEFAULT_NAME: &str = "serverless-registry-config-default";
    /// The names that builds and Deployments use, the first one that is there.
    pub const USED: [&str; 2] = [NAME, DEFAULT_NAME];
    /// Key that says, as `true`, that the registry is in the cluster: images are pulled from the server address then.
    pub const IS_INTERNAL: &str = "isInternal";
    /// The type that the kubelet accepts as an image pull Secret.
    pub const TYPE: &str = "kubernetes.io/dockerconfigjson";
    /// Key of the docker configuration that the webhook writes.
    pub const DOCKER_CONFIG_KEY: &str = ".dockerconfigjson";
    /// Key of the account name.
    pub const USERNAME: &str = "username";
    /// Key of the password or token.
    pub const PASSWORD: &str = "password";
    /// Key of the server that the credentials are for, as docker configuration spells it.
    pub const SERVER_ADDRESS: &str = "serverAddress";
    /// Key of the prefix of image names.
    pub const REGISTRY_ADDRESS: &str = "registryAddress";
    /// Keys that must be there, in the order in which missing ones are reported.
    pub const REQUIRED: [&str; 4] = [USERNAME, PASSWORD, SERVER_ADDRESS, REGISTRY_ADDRESS];
}

/// The names of the registries of nodes.
pub mod container_registries {
    /// Label that makes a Secret one of the registries of nodes, with the value [`LABEL_VALUE`].
    pub const LABEL: &str = "serverless.kyma-project.io/container-registries";
    /// See [`LABEL`].
    pub const LABEL_VALUE: &str = "config";
    /// Key of the values, as YAML.
    pub const VALUES: &str = "values";
    /// Annotation with the hash of the files for nodes: nodes that differ from it are out of date.
    pub const HASH: &str = "serverless.kyma-project.io/container-registries-hash";
    /// Annotation of a Secret of which nodes do not use everything: which hosts another Secret configures, and whether what it
    /// says is too large.
    pub const CONFLICT: &str = "serverless.kyma-project.io/container-registries-conflict";
    /// The name of the Secret that agents on nodes read.
    pub const OF_NODES: &str = "node-registries";
    /// Its key of the names of the Secrets that hosts belong to, as JSON.
    pub const OWNERS: &str = "owners";
    /// What comes before the name of an `ImageRegistry` that a host belongs to. No Secret has such a name.
    pub const OF_IMAGE_REGISTRY: &str = "imageregistry/";
    /// What comes before the name of a `RegistryCache` that a host belongs to. No Secret has such a name.
    pub const OF_REGISTRY_CACHE: &str = "registrycache/";
}
