//! Which caches use which Secret.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::cache::RegistryCache;

/// The names of the caches that use a Secret, with commas between them, by its name: those that refer to it, and those that
/// use its credentials until others are accepted.
#[must_use]
pub fn of_secrets(caches: &[Arc<RegistryCache>]) -> BTreeMap<String, String> {
    let mut uses = BTreeMap::<String, BTreeSet<&str>>::new();
    let caches = caches.iter().filter(|cache| cache.metadata.deletion_timestamp.is_none());
    for cache in caches {
        let status = cache.status.as_ref();
        let proven = status.and_then(|status| status.proven_credentials.as_ref());
        let secrets = [cache.spec.secret_reference_name.as_ref(), proven.map(|proven| &proven.secret_name)];
        for secret in secrets.into_iter().flatten() {
            uses.entry(secret.clone()).or_default().extend(cache.metadata.name.as_deref());
        }
    }
    let joined = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(",");
    uses.into_iter().map(|(secret, names)| (secret, joined(names))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_used_until_others_are_accepted() {
        let cache = |name: &str, secret: Option<&str>, proven: Option<&str>| -> Arc<RegistryCache> {
            let proven = proven
                .map(|secret| json!({"provenCredentials": {"secretName": secret, "resourceVersion": "1"}}));
            let spec = json!({"upstream": "a.b", "secretReferenceName": secret});
            let cache = json!({"metadata": {"name": name}, "spec": spec, "status": proven});
            Arc::new(serde_json::from_value(cache).unwrap())
        };
        let caches = [
            cache("rotating", Some("v2"), Some("v1")),
            cache("old", Some("v1"), Some("v1")),
            cache("anonymous", None, None),
        ];
        let uses: Vec<_> = of_secrets(&caches).into_iter().collect();
        let expected = [("v1", "old,rotating"), ("v2", "rotating")];
        assert_eq!(uses, expected.map(|(secret, names)| (secret.to_owned(), names.to_owned())));
    }
}
