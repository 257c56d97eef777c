//! The fields of a cache that an entry of `caches` of Gardener has, too. `path` is that of the entry.

use api::cache::{CacheProxy, RegistryCacheSpec, must};
use regex_lite::Regex;

use super::address;
use crate::duration;
use crate::quantity::Quantity;
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

pub(crate) fn check_upstream(path: &str, upstream: &str, violations: &mut Violations) {
    address::check_host(&format!("{path}.upstream"), upstream, upstream, violations);
}

pub(crate) fn check_remote_url(path: &str, spec: &RegistryCacheSpec, violations: &mut Violations) {
    if let Some(url) = &spec.remote_url {
        address::check_url(&format!("{path}.remoteURL"), url, violations);
    }
}

pub(crate) fn check_volume(path: &str, spec: &RegistryCacheSpec, violations: &mut Violations) {
    let Some(volume) = &spec.volume else { return };
    if let Some(size) = &volume.size {
        let text = size.text();
        let judged = match Quantity::parse(&text) {
            Ok(size) if size > Quantity::ZERO => Ok(()),
            Ok(_) => Err(must::SIZE.to_owned()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(must) = judged {
            let field = format!("{path}.volume.size");
            violations.push(Violation::invalid(Rule::CacheVolumeSize, field, &*text, must));
        }
    }
    let class = volume.storage_class_name.as_deref();
    fields::optional_reference(&format!("{path}.volume.storageClassName"), class, violations);
}

pub(super) fn check_ttl(path: &str, spec: &RegistryCacheSpec, violations: &mut Violations) {
    let Some(ttl) = spec.garbage_collection.as_ref().and_then(|collection| collection.ttl.as_deref()) else {
        return;
    };
    let has_form = Regex::new(must::TTL).is_ok_and(|form| form.is_match(ttl));
    if !has_form || duration::parse(ttl).is_none() {
        let field = format!("{path}.garbageCollection.ttl");
        violations.push(Violation::invalid(Rule::CacheTtl, field, ttl, must::TTL_NON_NEGATIVE));
    }
}

pub(crate) fn check_proxies(path: &str, proxy: &CacheProxy, violations: &mut Violations) {
    for (field, url) in [("httpProxy", &proxy.http_proxy), ("httpsProxy", &proxy.https_proxy)] {
        if let Some(url) = url {
            address::check_url(&format!("{path}.proxy.{field}"), url, violations);
        }
    }
}

pub(crate) fn check_suffix(path: &str, suffix: &str, violations: &mut Violations) {
    let (rule, field) = (Rule::CacheServiceSuffix, format!("{path}.serviceNameSuffix"));
    if !syntax::is_dns_1123_label(suffix) {
        let has_dots = suffix.contains('.') && syntax::dns_1123_subdomain(suffix).is_ok();
        let must = if has_dots { "must not contain dots" } else { must::SUFFIX };
        violations.push(Violation::invalid(rule, field.as_str(), suffix, must));
    }
    if suffix.len() > must::SUFFIX_MAX {
        violations.push(Violation::too_long(field, must::SUFFIX_MAX));
    }
}
