//! What the fields of a `RegistryCache` must be: the bounds, and the words in which the rules of the CRD and the webhook
//! say them. The words of Gardener's registry-cache extension are kept where it has the same rule.

/// The longest host with a port: a name of 253 characters, and `:65535`.
pub const UPSTREAM_MAX: usize = 259;
/// The longest `serviceNameSuffix`: `registry-<suffix>` must be a DNS label.
pub const SUFFIX_MAX: usize = 54;
/// The form of `garbageCollection.ttl`, as Go writes durations.
pub const TTL: &str = "^(0|([0-9]{1,6}([.][0-9]{1,9})?(ns|us|\u{b5}s|ms|s|m|h)){1,4})$";
/// The form of `registryVersion`.
pub const VERSION: &str = "^[0-9]{1,4}[.][0-9]{1,4}[.][0-9]{1,4}$";
/// The oldest version of the registry: older ones send the credentials to whatever host the upstream names.
pub const OLDEST_VERSION: [u32; 3] = [3, 1, 1];

/// Why an upstream is needed.
pub const UPSTREAM: &str = "the host in the names of the images, such as docker.io";
/// What an upstream must be.
pub const UPSTREAM_FORM: &str =
    "must be a host with or without a port, such as docker.io or example.com:5000";
/// Why the upstream cannot change.
pub const UPSTREAM_STAYS: &str = "must not change: create another RegistryCache for another upstream";
/// What an address must be.
pub const ADDRESS: &str = "must be an address with http:// or https:// and without a path, a query or credentials, such as https://mirror.example.com:5000";
/// What the size of a volume must be.
pub const SIZE: &str = "must be greater than 0";
/// Why a field of the volume cannot change.
pub const IMMUTABLE: &str = "field is immutable";
/// What the time must be after which an image is deleted.
pub const TTL_NON_NEGATIVE: &str = "ttl must be a non-negative duration";
/// Why garbage collection cannot be switched on.
pub const TTL_STAYS_OFF: &str =
    "garbage collection cannot be enabled (ttl > 0) once it is disabled (ttl = 0)";
/// Why the time must be there after which an image is deleted.
pub const TTL_MISSING: &str = "how long an image is cached, such as 168h; 0s caches images for ever";
/// What a suffix must be.
pub const SUFFIX: &str = "must be a DNS label: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 54 characters";
/// Why authorization needs TLS.
pub const AUTHORIZE_NEEDS_TLS: &str =
    "Authorize needs http.tls: Pods send the credentials of the upstream to the cache";
/// Why two sources of an authority exclude each other.
pub const ONE_CA: &str = "must not be set with pem: remove one of them";
/// Why a source of an authority is needed.
pub const CA: &str = "the certificates of the authority, or secretName";
/// What the authority of the upstream must be.
pub const CA_PEM: &str = "must hold certificates in PEM";
/// What the hosts must be that are reached without a proxy.
pub const NO_PROXY: &str =
    "must be hosts, domains or networks with commas between them, such as 10.0.0.0/8,.example.com";
/// What the version of the registry must be.
pub const REGISTRY_VERSION: &str = "must be a version of distribution, 3.1.1 or later, such as 3.1.2: older ones send the credentials to other hosts";
