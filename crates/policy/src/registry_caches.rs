//! The rules of a `RegistryCache`: what is filled in, and what is wrong with it. Where Gardener's registry-cache extension
//! has the same rule, it has the same words.

mod access;
pub(crate) mod address;
pub(crate) mod changes;
mod collision;
mod defaulting;
pub(crate) mod entry;
mod warnings;

use api::cache::{CacheProxy, RegistryCacheSpec, RemoteCa, must};
use regex_lite::Regex;

use crate::compute_resources;
use crate::decision::Decision;
use crate::object::RegistryCacheObject;
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::violation::{Violation, Violations};

pub use access::{Access, has_tls};
pub use address::remote_url;
pub use collision::{Collision, Names, collision};
pub use defaulting::default;

/// The field that holds the specification.
const SPEC: &str = "spec";

/// What is wrong with a `RegistryCache`, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate(new: &RegistryCacheObject, old: Option<&RegistryCacheObject>) -> Decision {
    if new.is_untouched_since(old, &[]) {
        return Decision::allowed();
    }
    let Some(spec) = &new.spec else {
        return Decision::of(vec![Violation::required(Rule::SchemaRequired, "spec", "")]);
    };
    let mut violations = Vec::new();
    if spec.upstream.is_empty() {
        violations.push(Violation::required(Rule::CacheUpstream, "spec.upstream", must::UPSTREAM));
    } else {
        entry::check_upstream(SPEC, &spec.upstream, &mut violations);
    }
    entry::check_remote_url(SPEC, spec, &mut violations);
    check_ca(spec, &mut violations);
    entry::check_volume(SPEC, spec, &mut violations);
    entry::check_ttl(SPEC, spec, &mut violations);
    fields::optional_reference(
        "spec.secretReferenceName",
        spec.secret_reference_name.as_deref(),
        &mut violations,
    );
    if let Some(proxy) = &spec.proxy {
        entry::check_proxies(SPEC, proxy, &mut violations);
        check_no_proxy(proxy, &mut violations);
    }
    if let Some(suffix) = &spec.service_name_suffix {
        entry::check_suffix(SPEC, suffix, &mut violations);
    }
    compute_resources::check("spec.resources", spec.resources.as_ref(), &mut violations);
    if spec.access.as_deref() == Some(Access::AUTHORIZE) && !has_tls(spec) {
        let (rule, why) = (Rule::CacheAuthorizeTls, must::AUTHORIZE_NEEDS_TLS);
        violations.push(Violation::forbidden(rule, "spec.access", why));
    }
    if let Some(version) = &spec.registry_version {
        check_version(version, &mut violations);
    }
    let old = old.and_then(|old| old.spec.as_ref());
    if let Some(old) = old {
        if spec.upstream != old.upstream {
            let (rule, must) = (Rule::CacheFixed, must::UPSTREAM_STAYS);
            violations.push(Violation::invalid(rule, "spec.upstream", spec.upstream.as_str(), must));
        }
        changes::check(SPEC, spec, old, &mut violations);
    }
    Decision { warnings: warnings::of(spec, old), ..Decision::of(violations) }
}

fn check_ca(spec: &RegistryCacheSpec, violations: &mut Violations) {
    match &spec.remote_ca {
        None => {}
        Some(RemoteCa { pem: None, secret_name: None }) => {
            violations.push(Violation::required(Rule::CacheRemoteCa, "spec.remoteCA.pem", must::CA));
        }
        Some(RemoteCa { pem: Some(_), secret_name: Some(_) }) => {
            let field = "spec.remoteCA.secretName";
            violations.push(Violation::forbidden(Rule::CacheRemoteCa, field, must::ONE_CA));
        }
        Some(RemoteCa { pem: Some(pem), secret_name: None }) => {
            let field = "spec.remoteCA.pem";
            if !address::holds_certificates(pem) {
                let shown = crate::violation::Value::Withheld;
                violations.push(Violation::invalid(Rule::CacheRemoteCa, field, shown, must::CA_PEM));
            }
        }
        Some(RemoteCa { pem: None, secret_name }) => {
            fields::optional_reference("spec.remoteCA.secretName", secret_name.as_deref(), violations);
        }
    }
}

fn check_no_proxy(proxy: &CacheProxy, violations: &mut Violations) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:/*,_ []".contains(&byte);
    if let Some(hosts) = proxy.no_proxy.as_deref().filter(|hosts| !hosts.bytes().all(is_part)) {
        violations.push(Violation::invalid(Rule::CacheNoProxy, "spec.proxy.noProxy", hosts, must::NO_PROXY));
    }
}

fn check_version(version: &str, violations: &mut Violations) {
    let has_form = Regex::new(must::VERSION).is_ok_and(|form| form.is_match(version));
    let numbers: Vec<u32> = version.split('.').filter_map(|number| number.parse().ok()).collect();
    if !has_form || numbers.as_slice() < must::OLDEST_VERSION.as_slice() {
        let (rule, field) = (Rule::CacheRegistryVersion, "spec.registryVersion");
        violations.push(Violation::invalid(rule, field, version, must::REGISTRY_VERSION));
    }
}

#[cfg(test)]
mod tests;
