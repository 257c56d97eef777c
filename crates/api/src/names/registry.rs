//! The names of registries in the cluster: group, labels, annotations, keys of Secrets, and what is derived from the names
//! of objects. Group and names are those of image-registry-operator.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// API group of the kinds of registries.
pub const GROUP: &str = "registry.mgoltzsche.github.com";
/// Served version of the group.
pub const VERSION: &str = "v1alpha1";

/// The registry of secrets that name none, unless the installation configures another one.
pub const DEFAULT_REGISTRY: &str = "registry";
/// The zone of hostnames, unless the installation configures another one.
pub const DEFAULT_ZONE: &str = "svc.cluster.local";
/// The Secret with the certificate authority of registries that name no other, in the namespace of the controller.
pub const ROOT_CA: &str = "image-registry-root-ca";
/// The `ImagePushSecret` that the controller makes for the Functions of a namespace without a registry.
pub const PUSH_SECRET_OF_FUNCTIONS: &str = "serverless-functions";
/// The user that logs in with the token of a service account. No account has this name.
pub const SERVICE_ACCOUNT_USER: &str = "serviceaccount";

/// Label of the accounts and the Secret of a push secret. Its value is what [`account`] gives.
pub const OF_PUSH_SECRET: &str = "registry.mgoltzsche.github.com/imagepushsecret";
/// Label of the accounts and the Secret of a pull secret. Its value is what [`account`] gives.
pub const OF_PULL_SECRET: &str = "registry.mgoltzsche.github.com/imagepullsecret";
/// Annotation of a push or pull secret: any new value rotates its password now. On its Secret, it is the hash of the value
/// that was followed last.
pub const ROTATE: &str = "registry.mgoltzsche.github.com/rotate";
/// Annotation of a Secret with credentials: the number of its account.
pub const ROTATION: &str = "registry.mgoltzsche.github.com/rotation";
/// Finalizer of a push or pull secret: its accounts are deleted first.
pub const ACCOUNTS_FINALIZER: &str = "registry.mgoltzsche.github.com/accounts";
/// Finalizer of a build environment that image-registry-operator has reconciled: it removed its references from the merged
/// Secrets first.
pub const INPUTS_FINALIZER: &str = "registry.mgoltzsche.github.com/inputrefs";

/// Label of the objects of build environments, by which they are watched.
pub mod build_env_label {
    /// The label.
    pub const KEY: &str = "registry.mgoltzsche.github.com/of";
    /// Its value.
    pub const VALUE: &str = "imagebuildenv";
    /// The label of the Pod of a Redis. Its value is the name of the build environment.
    pub const REDIS: &str = "registry.mgoltzsche.github.com/redis";
    /// The annotation of the Pod of a Redis by which a new password starts a new Pod: a hash of its configuration, which
    /// holds a random password of 128 bits.
    pub const REDIS_CONFIGURATION: &str = "registry.mgoltzsche.github.com/redis-configuration";
}

/// Annotation of the volume claim of a registry, which may outlive it: NAME.NAMESPACE of the registry.
pub const OF_REGISTRY: &str = "registry.mgoltzsche.github.com/imageregistry";
/// Annotation of the Pods of a registry: a hash of what the registry reads only when it starts.
pub const CONFIG_HASH: &str = "registry.mgoltzsche.github.com/config-hash";

/// Keys of the Secrets of push and pull secrets, besides the docker configuration.
pub mod secret_key {
    /// The hostname of the registry.
    pub const REGISTRY: &str = "registry";
    /// The certificate authority of the registry.
    pub const CA: &str = "ca.crt";
    /// The docker configuration by the name that build tools read. Push secrets have it.
    pub const CONFIG: &str = "config.json";
}

/// Keys of the Secret with the credentials of an object store.
pub mod s3_key {
    /// The name of the key.
    pub const ACCESS_KEY: &str = "accessKey";
    /// The key itself.
    pub const SECRET_KEY: &str = "secretKey";
}

/// Labels of an account that the token server sets: rules of the ACL can trust them.
pub mod account_label {
    /// Where the account is from: [`FROM_RESOURCE`] or [`FROM_SERVICE_ACCOUNT`].
    pub const ORIGIN: &str = "origin";
    /// The value of [`ORIGIN`] for an `ImageRegistryAccount`.
    pub const FROM_RESOURCE: &str = "cr";
    /// The value of [`ORIGIN`] for a service account.
    pub const FROM_SERVICE_ACCOUNT: &str = "serviceaccount";
    /// The name of the account.
    pub const ACCOUNT: &str = "account";
    /// All of them: no `ImageRegistryAccount` may set them.
    pub const RESERVED: [&str; 2] = [ORIGIN, ACCOUNT];
    /// The namespace of the push or pull secret, or of the service account.
    pub const NAMESPACE: &str = "namespace";
    /// The name of the service account.
    pub const SERVICE_ACCOUNT: &str = "serviceaccount";
    /// The name of the push or pull secret.
    pub const NAME: &str = "name";
    /// `push` or `pull`.
    pub const ACCESS_MODE: &str = "accessMode";
}

/// What an account may do by default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Push and pull.
    Push,
    /// Pull alone.
    Pull,
}

impl Access {
    /// The word in names and in the label `accessMode`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }

    /// The label of the accounts and the Secret of such a secret.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Push => OF_PUSH_SECRET,
            Self::Pull => OF_PULL_SECRET,
        }
    }
}

/// The longest value of a label.
const LABEL_MAX: usize = 63;
/// The characters of a hash in a name: 80 bits.
const HASH: usize = 20;
/// The least number of characters of a name that a shortened one keeps.
const SHORTENED_MIN: usize = 8;

/// What comes before the name of an `ImageRegistry` in the names of its objects and in the label `app` of its Pods.
pub const REGISTRY_PREFIX: &str = "imageregistry-";
/// What the names of the Secrets of an `ImagePushSecret` and an `ImagePullSecret` start with. Both are equally long.
pub const SECRET_PREFIXES: [&str; 2] = ["imagepushsecret-", "imagepullsecret-"];
/// What comes before the name of an `ImageBuildEnv` in the names of its objects.
pub const BUILD_ENV_PREFIX: &str = "imagebuildenv-";
/// What the name of the Secret of an `ImageBuildEnv` ends with.
pub const CONF_SUFFIX: &str = "-conf";
/// What the name of the Redis of an `ImageBuildEnv` ends with: of its Pod and its Service.
pub const REDIS_SUFFIX: &str = "-redis";

/// The hostname of a registry.
#[must_use]
pub fn hostname(name: &str, namespace: &str, zone: &str) -> String {
    format!("{name}.{namespace}.{zone}")
}

/// The name of the account, Role and binding of a registry, and the label `app` of its Pods.
#[must_use]
pub fn of_registry(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}")
}

/// The name of the volume claim of a registry.
#[must_use]
pub fn volume_claim(name: &str) -> String {
    format!("{REGISTRY_PREFIX}{name}-pvc")
}

/// The Secret that a push or pull secret becomes.
#[must_use]
pub fn secret(access: Access, name: &str) -> String {
    let [push, pull] = SECRET_PREFIXES;
    match access {
        Access::Push => format!("{push}{name}"),
        Access::Pull => format!("{pull}{name}"),
    }
}

/// The Secret that a build environment becomes.
#[must_use]
pub fn build_env_conf(name: &str) -> String {
    format!("{BUILD_ENV_PREFIX}{name}{CONF_SUFFIX}")
}

/// The Pod and the Service of the Redis of a build environment.
#[must_use]
pub fn build_env_redis(name: &str) -> String {
    format!("{BUILD_ENV_PREFIX}{name}{REDIS_SUFFIX}")
}

/// The Secret with the configuration of the Redis of a build environment.
#[must_use]
pub fn build_env_redis_conf(name: &str) -> String {
    format!("{BUILD_ENV_PREFIX}{name}{REDIS_SUFFIX}{CONF_SUFFIX}")
}

/// What the names of the accounts of a push or pull secret start with; see [`numbered`]. It is a valid label value, and no two
/// secrets have the same one: it has three parts, `push.NAMESPACE.NAME`, if the name fits and has no dot. Otherwise it has four
/// parts, or two if the namespace is long, and a hash is the last one.
#[must_use]
pub fn account(access: Access, namespace: &str, name: &str) -> String {
    let access = access.as_str();
    let plain = format!("{access}.{namespace}.{name}");
    if plain.len() <= LABEL_MAX && !name.contains('.') {
        return plain;
    }
    let hash = Sha256::digest(format!("{namespace}/{name}"));
    let mut hash = hash.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    hash.truncate(HASH);
    let room = LABEL_MAX.saturating_sub(access.len() + namespace.len() + hash.len() + 3);
    if room < SHORTENED_MIN {
        return format!("{access}.{hash}");
    }
    // Every part of the name of an object starts and ends with a letter or digit.
    let short: String = name.chars().take(room).collect::<String>().replace('.', "-");
    format!("{access}.{namespace}.{}.{hash}", short.trim_end_matches('-'))
}

/// The account of a rotation of a push or pull secret, which is the user name, too. `account` is what [`account`] gives, so it
/// has another number of parts than the names that are given there, and no two secrets share one.
#[must_use]
pub fn numbered(account: &str, number: u64) -> String {
    format!("{account}.{number}")
}

/// The number of an account, if it is one of those that [`numbered`] names.
#[must_use]
pub fn number_of(account: &str, numbered: &str) -> Option<u64> {
    let text = numbered.strip_prefix(account)?.strip_prefix('.')?;
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn names_of_the_original_are_kept() {
        assert_eq!(hostname("registry", "infra", DEFAULT_ZONE), "registry.infra.svc.cluster.local");
        assert_eq!(of_registry("registry"), "imageregistry-registry");
        assert_eq!(volume_claim("registry"), "imageregistry-registry-pvc");
        assert_eq!(secret(Access::Push, "example"), "imagepushsecret-example");
        assert_eq!(secret(Access::Pull, "example"), "imagepullsecret-example");
        assert_eq!(build_env_conf("example"), "imagebuildenv-example-conf");
        assert_eq!(build_env_redis("example"), "imagebuildenv-example-redis");
        assert_eq!(build_env_redis_conf("example"), "imagebuildenv-example-redis-conf");
    }

    /// Accounts are stored under these names: they must not change.
    #[test]
    fn accounts_have_these_names() {
        let vectors = [
            ("team-a", "example".to_owned(), "push.team-a.example".to_owned()),
            ("team-a", "a".repeat(51), format!("push.team-a.{}", "a".repeat(51))),
            ("team-a", "a".repeat(52), format!("push.team-a.{}.570211e4d014568d9927", "a".repeat(30))),
            ("team-a", "a.b".to_owned(), "push.team-a.a-b.0cb1e6ab1826b9a84952".to_owned()),
            (
                "team-a",
                format!("{}---.b", "a".repeat(27)),
                format!("push.team-a.{}.2fb3cc9a4b5f5bc29009", "a".repeat(27)),
            ),
            (
                &"n".repeat(28),
                "a".repeat(63),
                format!("push.{}.{}.16938bd7fe332bb2a916", "n".repeat(28), "a".repeat(8)),
            ),
            (&"n".repeat(29), "a".repeat(63), "push.870aa08d06dd550ee208".to_owned()),
            (&"n".repeat(63), "a".to_owned(), "push.13cff8517465c4051a3c".to_owned()),
        ];
        for (namespace, name, expected) in vectors {
            assert_eq!(account(Access::Push, namespace, &name), expected);
        }
        assert_eq!(account(Access::Pull, "team-a", "example"), "pull.team-a.example");
    }

    #[test]
    fn the_number_of_an_account_is_read_back() {
        let account = "push.team-a.example";
        assert_eq!(numbered(account, 7), "push.team-a.example.7");
        for (name, number) in [
            ("push.team-a.example.7", Some(7)),
            ("push.team-a.example.0", Some(0)),
            ("push.team-a.example.18446744073709551615", Some(u64::MAX)),
            ("push.team-a.example.18446744073709551616", None),
            ("push.team-a.example", None),
            ("push.team-a.example.", None),
            ("push.team-a.example.07", None),
            ("push.team-a.example.+7", None),
            ("push.team-a.example.7.1", None),
            ("push.team-a.example7", None),
            ("pull.team-a.example.7", None),
        ] {
            assert_eq!(number_of(account, name), number, "{name}");
        }
    }

    #[test]
    fn every_account_is_a_label_value_and_belongs_to_one_secret() {
        let texts = |dots: &[&str]| -> Vec<String> {
            let lengths = [1, 2, 8, 20, 28, 29, 46, 51, 52, 62, 63];
            let all = lengths
                .iter()
                .flat_map(|length| [format!("{:x<length$}", "a"), format!("{:-<length$}b", "a")]);
            all.filter(|text| text.len() <= 63).chain(dots.iter().map(|&text| text.to_owned())).collect()
        };
        let mut names = texts(&["a.b", "a-b", "a.b.c", "b.c", "a.a", "b"]);
        names.extend(["a".repeat(237), format!("{}.b", "a".repeat(200))]);
        // Names that others are given.
        let shortened: Vec<_> = names.iter().map(|name| account(Access::Push, "a", name)).collect();
        names.extend(shortened.iter().flat_map(|name| name.splitn(3, '.').skip(2).map(str::to_owned)));
        names.sort();
        names.dedup();
        let mut known = BTreeMap::new();
        for namespace in texts(&["a-b", "b"]) {
            for name in &names {
                for access in [Access::Push, Access::Pull] {
                    let account = account(access, &namespace, name);
                    let is_part = |part: &str| {
                        let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
                        is_end(part.bytes().next()) && is_end(part.bytes().last())
                    };
                    assert!(account.len() <= 63 && account.split('.').all(is_part), "{account}");
                    let owner = format!("{} {namespace}/{name}", access.as_str());
                    if let Some(other) = known.insert(account.clone(), owner.clone()) {
                        assert_eq!(other, owner, "{account}");
                    }
                }
            }
        }
        assert!(known.len() > 1000, "only {}", known.len());
    }
}
