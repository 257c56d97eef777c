//! What the author of a `RegistryCache` should know.

use api::cache::RegistryCacheSpec;

use super::access::Access;
use super::address::remote_url;
use crate::decision::Warning;
use crate::rule::Rule;

/// `old` is what an UPDATE replaces.
pub(super) fn of(spec: &RegistryCacheSpec, old: Option<&RegistryCacheSpec>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |rule, text: &str| warnings.push(Warning::new(rule, text));
    let is_open = Access::of(spec) == Access::Open;
    if spec.secret_reference_name.is_some() && is_open {
        let text = "spec.access: everything in the cluster can pull the images that the credentials of the cache can pull: set access: Authorize with http.tls";
        warn(Rule::CacheOpen, text);
    }
    if is_open && old.is_some_and(|old| Access::of(old) == Access::Authorize) {
        let text = "spec.access: everything in the cluster can pull the images that are in the cache, private ones, too: set access: Authorize, or delete the RegistryCache and create it again to empty it";
        warn(Rule::CacheOpen, text);
    }
    let is_plain = spec.remote_url.as_deref().is_some_and(|url| url.starts_with("http://"));
    let sent = match (spec.secret_reference_name.is_some(), is_open) {
        (true, true) => Some("its credentials"),
        (true, false) => Some("its credentials and the logins of Pods"),
        (false, false) => Some("the logins of Pods"),
        (false, true) => None,
    };
    if let Some(sent) = sent.filter(|_| is_plain) {
        let text = format!("spec.remoteURL: the cache sends {sent} without encryption: use https://");
        warn(Rule::CacheCredentialsOverHttp, &text);
    }
    // Another upstream is refused.
    if old.is_some_and(|old| old.upstream == spec.upstream && remote_url(old) != remote_url(spec)) {
        let text = "spec.remoteURL: images from the address before stay in the cache and are served: if the new one has others, delete the RegistryCache and create it again to empty it";
        warn(Rule::CacheMoved, text);
    }
    warnings
}
