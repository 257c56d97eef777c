//! The rules of a `RegistryCache`: what is filled in, and what is wrong with it. Where Gardener's registry-cache extension
//! has the same rule, it has the same words.

mod address;
mod changes;
mod collision;
mod defaulting;
mod warnings;

use api::cache::{CacheProxy, RegistryCacheSpec, RemoteCa, must};
use regex_lite::Regex;

use crate::compute_resources;
use crate::decision::Decision;
use crate::duration;
use crate::object::RegistryCacheObject;
use crate::quantity::Quantity;
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

pub use collision::{Names, collision};
pub use defaulting::default;

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
        address::check_host("spec.upstream", &spec.upstream, &spec.upstream, &mut violations);
    }
    check_remote(spec, &mut violations);
    check_volume(spec, &mut violations);
    check_ttl(spec, &mut violations);
    fields::optional_reference(
        "spec.secretReferenceName",
        spec.secret_reference_name.as_deref(),
        &mut violations,
    );
    if let Some(proxy) = &spec.proxy {
        check_proxy(proxy, &mut violations);
    }
    if let Some(suffix) = &spec.service_name_suffix {
        check_suffix(suffix, &mut violations);
    }
    compute_resources::check("spec.resources", spec.resources.as_ref(), &mut violations);
    if spec.access.as_deref() == Some("Authorize") && !warnings::has_tls(spec) {
        let (rule, why) = (Rule::CacheAuthorizeTls, must::AUTHORIZE_NEEDS_TLS);
        violations.push(Violation::forbidden(rule, "spec.access", why));
    }
    if let Some(version) = &spec.registry_version {
        check_version(version, &mut violations);
    }
    if let Some(old) = old.and_then(|old| old.spec.as_ref()) {
        changes::check(spec, old, &mut violations);
    }
    Decision { warnings: warnings::of(spec), ..Decision::of(violations) }
}

fn check_remote(spec: &RegistryCacheSpec, violations: &mut Violations) {
    if let Some(url) = &spec.remote_url {
        address::check_url("spec.remoteURL", url, violations);
    }
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

fn check_volume(spec: &RegistryCacheSpec, violations: &mut Violations) {
    let Some(volume) = &spec.volume else { return };
    if let Some(size) = &volume.size {
        let text = size.text();
        let judged = match Quantity::parse(&text) {
            Ok(size) if size > Quantity::ZERO => Ok(()),
            Ok(_) => Err(must::SIZE.to_owned()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(must) = judged {
            violations.push(Violation::invalid(Rule::CacheVolumeSize, "spec.volume.size", &*text, must));
        }
    }
    let class = volume.storage_class_name.as_deref();
    fields::optional_reference("spec.volume.storageClassName", class, violations);
}

fn check_ttl(spec: &RegistryCacheSpec, violations: &mut Violations) {
    let Some(ttl) = spec.garbage_collection.as_ref().and_then(|collection| collection.ttl.as_deref()) else {
        return;
    };
    let has_form = Regex::new(must::TTL).is_ok_and(|form| form.is_match(ttl));
    if !has_form || duration::parse(ttl).is_none() {
        let field = "spec.garbageCollection.ttl";
        violations.push(Violation::invalid(Rule::CacheTtl, field, ttl, must::TTL_NON_NEGATIVE));
    }
}

fn check_proxy(proxy: &CacheProxy, violations: &mut Violations) {
    for (field, url) in
        [("spec.proxy.httpProxy", &proxy.http_proxy), ("spec.proxy.httpsProxy", &proxy.https_proxy)]
    {
        if let Some(url) = url {
            address::check_url(field, url, violations);
        }
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:/*,_ []".contains(&byte);
    if let Some(hosts) = proxy.no_proxy.as_deref().filter(|hosts| !hosts.bytes().all(is_part)) {
        violations.push(Violation::invalid(Rule::CacheNoProxy, "spec.proxy.noProxy", hosts, must::NO_PROXY));
    }
}

fn check_suffix(suffix: &str, violations: &mut Violations) {
    let (rule, field) = (Rule::CacheServiceSuffix, "spec.serviceNameSuffix");
    if !syntax::is_dns_1123_label(suffix) {
        let has_dots = suffix.contains('.') && syntax::dns_1123_subdomain(suffix).is_ok();
        let must = if has_dots { "must not contain dots" } else { must::SUFFIX };
        violations.push(Violation::invalid(rule, field, suffix, must));
    }
    if suffix.len() > must::SUFFIX_MAX {
        violations.push(Violation::too_long(field, must::SUFFIX_MAX));
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
