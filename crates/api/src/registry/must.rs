//! What the fields of the kinds of registries must be: the bounds, and the words in which the rules of the CRDs and the
//! webhook say them.

use crate::limits::NAME_MAX;
use crate::names::registry::{Access, build_env_conf, secret};

/// The form of a duration, as Go writes it. Numbers are short enough that none is out of range.
pub const DURATION: &str = "^([0-9]{1,6}([.][0-9]{1,9})?(ns|us|\u{b5}s|ms|s|m|h)){1,4}$";
/// The longest name of an `ImageRegistry`.
pub const REGISTRY_NAME_MAX: usize = 49;
/// The longest name of an `ImageBuildEnv` with a Redis.
pub const REDIS_NAME_MAX: usize = 43;
/// The bounds of the life of a token, in seconds.
pub const TOKEN_TTL_SECONDS: [u64; 2] = [60, 3_600];
/// The bounds of the life of an account, in seconds: a second to ten years.
pub const ACCOUNT_TTL_SECONDS: [u64; 2] = [1, 87_600 * 3_600];
/// The bounds of the life of a rotated password, in seconds: two minutes to a year.
pub const ROTATION_INTERVAL_SECONDS: [u64; 2] = [120, 8_760 * 3_600];
/// The bounds of the time in which two passwords are valid, in seconds.
pub const OVERLAP_SECONDS: [u64; 2] = [60, 4_380 * 3_600];
/// The most passwords of an account.
pub const PASSWORDS_MAX: usize = 2;

/// What the name of an `ImageRegistry` must be.
pub const REGISTRY_NAME: &str = "must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')";
/// How long the name of an `ImageRegistry` may be.
pub const REGISTRY_NAME_LENGTH: &str = "must be no longer than 49 characters: the Pods have the label app: imageregistry-<name>, which must not be longer than 63";
/// What a reference to an `ImageRegistry` must be.
pub const REGISTRY_REF: &str = "must name an ImageRegistry: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit, no longer than 49 characters";
/// What the name of a namespace must be.
pub const NAMESPACE: &str = "must name a namespace: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 63 characters";
/// Why a build environment of this name has no Redis.
pub const REDIS_NAME: &str = "must be false, unless the name of the ImageBuildEnv has at most 43 characters and no dot: the Service is named imagebuildenv-<name>-redis, which must be a DNS label";
/// Why an account must not have a name.
pub const ACCOUNT_NAME: &str =
    "must not be serviceaccount: this user logs in with the token of a service account";

/// Why a volume is needed.
pub const VOLUME: &str = "the volume that holds the images, or storage.s3";
/// Why a volume must not be set.
pub const NO_VOLUME: &str = "must not be set with storage.s3, which holds the images: remove one of them";
/// What the access modes of a volume of more than one replica must be.
pub const SHARED_VOLUME: &str = "must hold ReadWriteMany if there is more than one replica, since they share the volume; or use storage.s3";
/// Why the storage class cannot change.
pub const STORAGE_CLASS_STAYS: &str =
    "must not change: Kubernetes changes no volume claim; create another ImageRegistry and copy the images";
/// Why the access modes cannot change.
pub const ACCESS_MODES_STAY: &str = STORAGE_CLASS_STAYS;
/// Why the size of a volume is needed.
pub const VOLUME_SIZE: &str = "the size of the volume, as requests.storage, such as 10Gi";
/// What the size of a volume must be.
pub const VOLUME_SIZE_POSITIVE: &str = "must be greater than 0";
/// Why the size of a volume cannot shrink.
pub const VOLUME_GROWS: &str = "must not become smaller: Kubernetes shrinks no volume";
/// What a bucket must be.
pub const BUCKET: &str =
    "must be the name of a bucket: 3 to 63 lower-case letters, digits, '-' or '.', such as my-images";
/// What the address of an object store must be.
pub const S3_ENDPOINT: &str =
    "must be an address without a path, a query or credentials, such as https://s3.example.com";
/// Why two sources of a certificate exclude each other.
pub const ONE_CERTIFICATE: &str = "must not be set with issuerRef: remove one of them";
/// Why two lists of rules exclude each other.
pub const ONE_ACL: &str =
    "must not be set with configMapName, whose access control list takes its place: remove one of them";
/// What the life of a token must be.
pub const TOKEN_TTL: &str = "must be a duration between 60s and 1h, such as 90s or 15m";

/// Why a password is needed.
pub const PASSWORD: &str = "the bcrypt hash of the password, or passwordHashes";
/// Why two forms of passwords exclude each other.
pub const ONE_PASSWORD: &str = "must not be set with passwordHashes: remove one of them";
/// What the hash of a password must be.
pub const PASSWORD_HASH: &str = "must be a bcrypt hash of 60 characters that starts with $2a$, $2b$ or $2y$ and has a cost between 04 and 14: `htpasswd -nBC 10 NAME` prints one";
/// Why labels of accounts cannot be set.
pub const ACCOUNT_LABELS: &str = "must not set origin and account: the token server sets them itself";
/// What the life of an account must be.
pub const ACCOUNT_TTL: &str = "must be a duration between 1s and 87600h, such as 24h";

/// What the life of a rotated password must be.
pub const ROTATION_INTERVAL: &str = "must be a duration between 2m and 8760h, such as 24h";
/// What the time in which two passwords are valid must be.
pub const OVERLAP: &str = "must be a duration between 1m and 4380h, such as 12h";
/// Why an overlap needs an interval.
pub const OVERLAP_WITHOUT_INTERVAL: &str = "overlap is a part of it, so set both";
/// How long an overlap may be.
pub const OVERLAP_HALF: &str =
    "must be at most half the rotationInterval: no more than two passwords are valid at a time";
/// Why the Secret of Functions has no other name.
pub const SECRET_OF_FUNCTIONS: &str =
    "must not be set with forFunctions: the Secret of Functions is serverless-registry-config";
/// Why a Secret must not have the name of that of Functions.
pub const SECRET_IS_OF_FUNCTIONS: &str =
    "this is the registry Secret of Functions: set forFunctions of an ImagePushSecret in place of it";
/// Why a build environment needs something.
pub const BUILD_ENV: &str = "at least one Secret with a docker configuration, unless redis is true";

/// Why a build environment must not list a Secret.
pub const OWN_SECRET: &str = "this is the Secret that the ImageBuildEnv becomes";

/// The longest name of an `ImagePushSecret` or `ImagePullSecret`.
#[must_use]
pub fn image_secret_name_max(access: Access) -> usize {
    NAME_MAX - secret(access, "").len()
}

/// How long the name of an `ImagePushSecret` or `ImagePullSecret` may be.
#[must_use]
pub fn image_secret_name_length(access: Access) -> String {
    name_length(image_secret_name_max(access), &secret(access, "<name>"))
}

/// The longest name of an `ImageBuildEnv`.
#[must_use]
pub fn build_env_name_max() -> usize {
    NAME_MAX - build_env_conf("").len()
}

/// How long the name of an `ImageBuildEnv` may be.
#[must_use]
pub fn build_env_name_length() -> String {
    name_length(build_env_name_max(), &build_env_conf("<name>"))
}

fn name_length(longest: usize, secret: &str) -> String {
    format!(
        "must be no longer than {longest} characters: the Secret is named {secret}, which must not be longer than {NAME_MAX}"
    )
}
