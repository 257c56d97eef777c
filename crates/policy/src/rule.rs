//! The rules, each with a stable identifier and an explanation. Reports, SARIF and the page of rules show them; an answer
//! to the API server does not.

mod container_registries;
mod environment;
mod functions;
mod gardener;
mod git_repositories;
mod image_build_envs;
mod image_registries;
mod image_registry_accounts;
mod image_secrets;
mod objects;
mod registry_caches;
mod registry_secrets;
mod resources;
mod text;
mod upstream_credentials;

use std::fmt;

use serde::{Serialize, Serializer};

pub use text::{Example, Severity, Text, Topic};

macro_rules! rules {
    ($($rule:ident: $text:path,)*) => {
        /// A rule that a finding is about. Its text explains it.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[allow(missing_docs, reason = "the text of each rule explains it")]
        pub enum Rule { $($rule,)* }

        impl Rule {
            /// All rules, in the order of the page that explains them.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// What there is to say about the rule.
            #[must_use]
            pub fn text(self) -> &'static Text {
                match self { $(Self::$rule => &$text,)* }
            }
        }
    };
}

rules! {
    SchemaType: objects::SCHEMA_TYPE,
    SchemaRequired: objects::SCHEMA_REQUIRED,
    SchemaValue: objects::SCHEMA_VALUE,
    UnknownField: objects::UNKNOWN_FIELD,
    TooManyEntries: objects::TOO_MANY_ENTRIES,
    TextTooLong: objects::TEXT_TOO_LONG,
    ApiVersionUnsupported: objects::API_VERSION_UNSUPPORTED,
    KindUnsupported: objects::KIND_UNSUPPORTED,
    NameMissing: objects::NAME_MISSING,
    ObjectDuplicate: objects::OBJECT_DUPLICATE,

    NameInvalid: functions::NAME_INVALID,
    NameTooLong: functions::NAME_TOO_LONG,
    LabelReserved: functions::LABEL_RESERVED,
    PresetLabelUnknown: functions::PRESET_LABEL_UNKNOWN,
    PresetUnknown: functions::PRESET_UNKNOWN,
    PresetUnused: functions::PRESET_UNUSED,
    GitPollInterval: functions::GIT_POLL_INTERVAL,
    RebuildTooLong: functions::REBUILD_TOO_LONG,
    SourceTypeUnsupported: functions::SOURCE_TYPE_UNSUPPORTED,
    SourceMissing: functions::SOURCE_MISSING,
    SourceRepositoryName: functions::SOURCE_REPOSITORY_NAME,
    RuntimeUnsupported: functions::RUNTIME_UNSUPPORTED,
    RuntimeDeprecated: functions::RUNTIME_DEPRECATED,
    DepsNotPackageJson: functions::DEPS_NOT_PACKAGE_JSON,
    DepsInvalidJson: functions::DEPS_INVALID_JSON,
    BaseDirMissing: functions::BASE_DIR_MISSING,
    BaseDirOutsideRepository: functions::BASE_DIR_OUTSIDE_REPOSITORY,
    ReferenceMissing: functions::REFERENCE_MISSING,
    PodLabelInvalid: functions::POD_LABEL_INVALID,
    PodLabelReserved: functions::POD_LABEL_RESERVED,
    EnvNameMissing: environment::ENV_NAME_MISSING,
    EnvNameInvalid: environment::ENV_NAME_INVALID,
    EnvNameReserved: environment::ENV_NAME_RESERVED,
    EnvNameDuplicate: environment::ENV_NAME_DUPLICATE,
    EnvTwoValues: environment::ENV_TWO_VALUES,
    ValueFromSource: environment::VALUE_FROM_SOURCE,
    ValueFromKey: environment::VALUE_FROM_KEY,
    ValueFromField: environment::VALUE_FROM_FIELD,
    ValueFromResource: environment::VALUE_FROM_RESOURCE,
    ReplicasMinAboveMax: resources::REPLICAS_MIN_ABOVE_MAX,
    ReplicasBelowMinimum: resources::REPLICAS_BELOW_MINIMUM,
    ResourceNameInvalid: resources::RESOURCE_NAME_INVALID,
    QuantityInvalid: resources::QUANTITY_INVALID,
    ResourceBelowMinimum: resources::RESOURCE_BELOW_MINIMUM,
    LimitBelowRequest: resources::LIMIT_BELOW_REQUEST,

    GitUrlMissing: git_repositories::GIT_URL_MISSING,
    GitUrlSpaces: git_repositories::GIT_URL_SPACES,
    GitUrlScheme: git_repositories::GIT_URL_SCHEME,
    GitUrlCredentials: git_repositories::GIT_URL_CREDENTIALS,
    GitUrlHost: git_repositories::GIT_URL_HOST,
    GitUrlQuery: git_repositories::GIT_URL_QUERY,
    GitUrlParent: git_repositories::GIT_URL_PARENT,
    GitUrlOption: git_repositories::GIT_URL_OPTION,
    GitUrlPath: git_repositories::GIT_URL_PATH,
    GitUrlSuffix: git_repositories::GIT_URL_SUFFIX,
    GitUrlPortInPath: git_repositories::GIT_URL_PORT_IN_PATH,
    GitAuthMissing: git_repositories::GIT_AUTH_MISSING,
    GitAuthUnsupported: git_repositories::GIT_AUTH_UNSUPPORTED,
    GitAuthType: git_repositories::GIT_AUTH_TYPE,
    GitAuthSecretName: git_repositories::GIT_AUTH_SECRET_NAME,
    GitAuthRegistrySecret: git_repositories::GIT_AUTH_REGISTRY_SECRET,
    GitAuthKeyOverHttp: git_repositories::GIT_AUTH_KEY_OVER_HTTP,

    DataNotBase64: registry_secrets::DATA_NOT_BASE64,
    RegistryKeyMissing: registry_secrets::REGISTRY_KEY_MISSING,
    RegistrySecretOfDocker: registry_secrets::REGISTRY_SECRET_OF_DOCKER,
    RegistryUsernameColon: registry_secrets::REGISTRY_USERNAME_COLON,
    ServerAddressInvalid: registry_secrets::SERVER_ADDRESS_INVALID,
    RegistryAddressForm: registry_secrets::REGISTRY_ADDRESS_FORM,
    RegistryAddressSpaces: registry_secrets::REGISTRY_ADDRESS_SPACES,
    RegistryAddressScheme: registry_secrets::REGISTRY_ADDRESS_SCHEME,
    RegistryAddressHost: registry_secrets::REGISTRY_ADDRESS_HOST,
    RegistryAddressPort: registry_secrets::REGISTRY_ADDRESS_PORT,
    RegistryAddressPath: registry_secrets::REGISTRY_ADDRESS_PATH,
    NewlineAtEnd: registry_secrets::NEWLINE_AT_END,
    DockerConfigTooLarge: registry_secrets::DOCKER_CONFIG_TOO_LARGE,
    DockerConfigReplaced: registry_secrets::DOCKER_CONFIG_REPLACED,
    SecretType: registry_secrets::SECRET_TYPE,
    SecretNameUnused: registry_secrets::SECRET_NAME_UNUSED,
    SecretCopyEdited: registry_secrets::SECRET_COPY_EDITED,

    ContainerRegistriesMissing: container_registries::CONTAINER_REGISTRIES_MISSING,
    ContainerRegistriesYaml: container_registries::CONTAINER_REGISTRIES_YAML,
    ContainerRegistriesType: container_registries::CONTAINER_REGISTRIES_TYPE,
    ContainerRegistriesKey: container_registries::CONTAINER_REGISTRIES_KEY,
    RegistryHostInvalid: container_registries::REGISTRY_HOST_INVALID,
    RegistryHostDuplicate: container_registries::REGISTRY_HOST_DUPLICATE,
    RegistryFallback: container_registries::REGISTRY_FALLBACK,
    RegistryEndpointsEmpty: container_registries::REGISTRY_ENDPOINTS_EMPTY,
    RegistryCacheAddress: container_registries::REGISTRY_CACHE_ADDRESS,
    EndpointMissing: container_registries::ENDPOINT_MISSING,
    EndpointInvalid: container_registries::ENDPOINT_INVALID,
    EndpointDuplicate: container_registries::ENDPOINT_DUPLICATE,
    EndpointInsecure: container_registries::ENDPOINT_INSECURE,
    EndpointCa: container_registries::ENDPOINT_CA,
    EndpointCapabilities: container_registries::ENDPOINT_CAPABILITIES,
    EndpointDialTimeout: container_registries::ENDPOINT_DIAL_TIMEOUT,
    CredentialsForms: container_registries::CREDENTIALS_FORMS,
    CredentialsIncomplete: container_registries::CREDENTIALS_INCOMPLETE,
    CredentialsUsername: container_registries::CREDENTIALS_USERNAME,
    CredentialsControl: container_registries::CREDENTIALS_CONTROL,
    CredentialsAuth: container_registries::CREDENTIALS_AUTH,
    CredentialsToken: container_registries::CREDENTIALS_TOKEN,
    CredentialsOverHttp: container_registries::CREDENTIALS_OVER_HTTP,
    PullSecretsReachMirror: container_registries::PULL_SECRETS_REACH_MIRROR,
    StaticHeader: container_registries::STATIC_HEADER,
    DialTimeoutMissing: container_registries::DIAL_TIMEOUT_MISSING,
    DockerHubAnonymous: container_registries::DOCKER_HUB_ANONYMOUS,
    RegistryHostPort: container_registries::REGISTRY_HOST_PORT,
    OlderConfiguration: container_registries::OLDER_CONFIGURATION,
    RenderedTooLarge: container_registries::RENDERED_TOO_LARGE,

    ImageRegistryName: image_registries::IMAGE_REGISTRY_NAME,
    ImageRegistryNameLength: image_registries::IMAGE_REGISTRY_NAME_LENGTH,
    RegistryStorageMissing: image_registries::REGISTRY_STORAGE_MISSING,
    RegistryStorageTwo: image_registries::REGISTRY_STORAGE_TWO,
    RegistryVolumeSize: image_registries::REGISTRY_VOLUME_SIZE,
    RegistryVolumeShared: image_registries::REGISTRY_VOLUME_SHARED,
    RegistryVolumeFixed: image_registries::REGISTRY_VOLUME_FIXED,
    RegistryVolumeShrinks: image_registries::REGISTRY_VOLUME_SHRINKS,
    RegistryBucket: image_registries::REGISTRY_BUCKET,
    RegistryS3Endpoint: image_registries::REGISTRY_S3_ENDPOINT,
    CertificateIssuer: image_registries::CERTIFICATE_ISSUER,
    CertificateTwoSources: image_registries::CERTIFICATE_TWO_SOURCES,
    ReferenceName: image_registries::REFERENCE_NAME,
    RegistryAclTwo: image_registries::REGISTRY_ACL_TWO,
    NamespaceSelector: image_registries::NAMESPACE_SELECTOR,
    TokenTtl: image_registries::TOKEN_TTL,

    AccountNameReserved: image_registry_accounts::ACCOUNT_NAME_RESERVED,
    AccountPasswordMissing: image_registry_accounts::ACCOUNT_PASSWORD_MISSING,
    AccountPasswordForms: image_registry_accounts::ACCOUNT_PASSWORD_FORMS,
    AccountPasswordPlain: image_registry_accounts::ACCOUNT_PASSWORD_PLAIN,
    AccountPasswordHash: image_registry_accounts::ACCOUNT_PASSWORD_HASH,
    AccountPasswordCost: image_registry_accounts::ACCOUNT_PASSWORD_COST,
    AccountLabelReserved: image_registry_accounts::ACCOUNT_LABEL_RESERVED,
    AccountTtl: image_registry_accounts::ACCOUNT_TTL,

    ImageSecretNameLength: image_secrets::IMAGE_SECRET_NAME_LENGTH,
    RegistryReference: image_secrets::REGISTRY_REFERENCE,
    RotationInterval: image_secrets::ROTATION_INTERVAL,
    RotationOverlap: image_secrets::ROTATION_OVERLAP,
    SecretOfFunctions: image_secrets::SECRET_OF_FUNCTIONS,

    BuildEnvNameLength: image_build_envs::BUILD_ENV_NAME_LENGTH,
    BuildEnvRedisName: image_build_envs::BUILD_ENV_REDIS_NAME,
    BuildEnvEmpty: image_build_envs::BUILD_ENV_EMPTY,
    BuildEnvSecretDuplicate: image_build_envs::BUILD_ENV_SECRET_DUPLICATE,
    BuildEnvOwnSecret: image_build_envs::BUILD_ENV_OWN_SECRET,

    CacheUpstream: registry_caches::CACHE_UPSTREAM,
    CacheUrl: registry_caches::CACHE_URL,
    CacheRemoteCa: registry_caches::CACHE_REMOTE_CA,
    CacheVolumeSize: registry_caches::CACHE_VOLUME_SIZE,
    CacheTtl: registry_caches::CACHE_TTL,
    CacheNoProxy: registry_caches::CACHE_NO_PROXY,
    CacheServiceSuffix: registry_caches::CACHE_SERVICE_SUFFIX,
    CacheAuthorizeTls: registry_caches::CACHE_AUTHORIZE_TLS,
    CacheRegistryVersion: registry_caches::CACHE_REGISTRY_VERSION,
    CacheFixed: registry_caches::CACHE_FIXED,
    CacheNameCollision: registry_caches::CACHE_NAME_COLLISION,
    CacheOpen: registry_caches::CACHE_OPEN,
    CacheCredentialsOverHttp: registry_caches::CACHE_CREDENTIALS_OVER_HTTP,
    CacheMoved: registry_caches::CACHE_MOVED,

    UpstreamCredentials: upstream_credentials::UPSTREAM_CREDENTIALS,
    UpstreamCredentialsUsed: upstream_credentials::UPSTREAM_CREDENTIALS_USED,

    GardenerDecoding: gardener::GARDENER_DECODING,
    GardenerRuntime: gardener::GARDENER_RUNTIME,
    GardenerCaches: gardener::GARDENER_CACHES,
    GardenerMirrors: gardener::GARDENER_MIRRORS,
    GardenerReference: gardener::GARDENER_REFERENCE,
    GardenerCaBundle: gardener::GARDENER_CA_BUNDLE,
    GardenerSecretUnseen: gardener::GARDENER_SECRET_UNSEEN,
    GardenerZeroValue: gardener::GARDENER_ZERO_VALUE,

    ObjectNotRecognised: objects::OBJECT_NOT_RECOGNISED,
    Unreadable: objects::UNREADABLE,
    NotAsExpected: objects::NOT_AS_EXPECTED,
}

impl Rule {
    /// The identifier, such as `env-name-reserved`. It never changes.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.text().id
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// As its identifier.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

#[cfg(test)]
mod tests;
