//! What the author of a `RegistryCache` should know.

use api::cache::RegistryCacheSpec;

use crate::decision::Warning;
use crate::rule::Rule;

pub(super) fn of(spec: &RegistryCacheSpec) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let is_open = match spec.access.as_deref() {
        None => !has_tls(spec),
        Some(access) => access == "Open",
    };
    if spec.secret_reference_name.is_some() && is_open {
        let text = "spec.access: everything in the cluster can pull the images that the credentials of the cache can pull: set access: Authorize with http.tls";
        warnings.push(Warning::new(Rule::CacheOpen, text));
    }
    let is_plain = spec.remote_url.as_deref().is_some_and(|url| url.starts_with("http://"));
    if spec.secret_reference_name.is_some() && is_plain {
        let text = "spec.remoteURL: the cache sends its credentials without encryption: use https://";
        warnings.push(Warning::new(Rule::CacheCredentialsOverHttp, text));
    }
    warnings
}

/// Whether nodes reach the cache by HTTPS.
pub(super) fn has_tls(spec: &RegistryCacheSpec) -> bool {
    spec.http.as_ref().and_then(|http| http.tls).unwrap_or(true)
}
