//! Rules of a `RegistryCache`. Those of addresses are attached to the object that holds them: for a rule on the text
//! itself, the API server would show it, and it may hold a password.

use kube::core::cel::Rule;

use super::{forbidden, required, rule};
use crate::cache::must;

/// A host name without a port.
const HOST: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
/// A port without leading zeros. Whether it is 65535 at most is for the webhook.
const PORT: &str = "(:[1-9][0-9]{0,4})?";

/// `spec.upstream`.
pub(crate) fn upstream() -> Rule {
    rule(&format!("self.upstream.matches('^{HOST}{PORT}$')"), must::UPSTREAM_FORM).field_path(".upstream")
}

/// `spec.upstream` before and after an update.
pub(crate) fn upstream_stays() -> Rule {
    rule("self.upstream == oldSelf.upstream", must::UPSTREAM_STAYS).field_path(".upstream")
}

/// A field of its object that holds an address.
fn address(field: &str) -> Rule {
    let expression = format!("!has(self.{field}) || self.{field}.matches('^https?://{HOST}{PORT}/?$')");
    rule(&expression, must::ADDRESS).field_path(format!(".{field}"))
}

/// `spec.remoteURL`.
pub(crate) fn remote_url() -> Rule {
    address("remoteURL")
}

/// `spec.proxy.httpProxy`.
pub(crate) fn http_proxy() -> Rule {
    address("httpProxy")
}

/// `spec.proxy.httpsProxy`.
pub(crate) fn https_proxy() -> Rule {
    address("httpsProxy")
}

/// `spec.proxy.noProxy`.
pub(crate) fn no_proxy() -> Rule {
    rule("self.matches('^[-.:/*,_a-zA-Z0-9 \\\\[\\\\]]*$')", must::NO_PROXY)
}

/// `spec.volume`.
pub(crate) fn size_is_positive() -> Rule {
    let size = "string(self.size)";
    let expression =
        format!("!has(self.size) || !isQuantity({size}) || quantity({size}).isGreaterThan(quantity('0'))");
    rule(&expression, must::SIZE).field_path(".size")
}

/// `spec` before and after an update. The webhook fills in a size that an update leaves out.
pub(crate) fn size_stays() -> Rule {
    let has = |of: &str| format!("(has({of}.volume) && has({of}.volume.size))");
    let size = |of: &str| format!("string({of}.volume.size)");
    let (new, old) = (size("self"), size("oldSelf"));
    let expression = format!(
        "!{} || !{} || !isQuantity({new}) || !isQuantity({old}) || quantity({new}).compareTo(quantity({old})) == 0",
        has("self"),
        has("oldSelf")
    );
    rule(&expression, must::IMMUTABLE).field_path(".volume.size")
}

/// `spec` before and after an update.
pub(crate) fn storage_class_stays() -> Rule {
    let has = |of: &str| format!("(has({of}.volume) && has({of}.volume.storageClassName))");
    let (new, old) = (has("self"), has("oldSelf"));
    let expression = format!(
        "{new} == {old} && (!{new} || self.volume.storageClassName == oldSelf.volume.storageClassName)"
    );
    rule(&expression, must::IMMUTABLE).field_path(".volume.storageClassName")
}

/// `spec.garbageCollection.ttl`.
pub(crate) fn ttl() -> Rule {
    let expression = format!("self.matches('{}') && duration(self) >= duration('0s')", must::TTL);
    rule(&expression, must::TTL_NON_NEGATIVE)
}

/// `spec.garbageCollection` before and after an update.
pub(crate) fn ttl_stays_off() -> Rule {
    let is = |of: &str| format!("(has({of}.ttl) && {of}.ttl.matches('{}'))", must::TTL);
    let (new, old) = (is("self"), is("oldSelf"));
    let expression = format!(
        "!{old} || duration(oldSelf.ttl) > duration('0s') || ({new} && duration(self.ttl) == duration('0s'))"
    );
    rule(&expression, must::TTL_STAYS_OFF).field_path(".ttl")
}

/// `spec.serviceNameSuffix`.
pub(crate) fn suffix() -> Rule {
    rule("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", must::SUFFIX)
}

/// `spec`.
pub(crate) fn authorize_needs_tls() -> Rule {
    let is_plain = "has(self.http) && has(self.http.tls) && !self.http.tls";
    let expression = format!("!has(self.access) || self.access != 'Authorize' || !({is_plain})");
    forbidden(&expression, must::AUTHORIZE_NEEDS_TLS).field_path(".access")
}

/// `spec.remoteCA`.
pub(crate) fn has_ca() -> Rule {
    required("has(self.pem) || has(self.secretName)", must::CA).field_path(".pem")
}

/// `spec.remoteCA`.
pub(crate) fn one_ca() -> Rule {
    forbidden("!has(self.pem) || !has(self.secretName)", must::ONE_CA).field_path(".secretName")
}

/// `spec.registryVersion`.
pub(crate) fn registry_version() -> Rule {
    let [major, minor, patch] = must::OLDEST_VERSION;
    let number = |index: usize| format!("int(self.split('.')[{index}])");
    let [first, second, third] = [0, 1, 2].map(number);
    let is_later = format!(
        "({first} > {major} || ({first} == {major} && ({second} > {minor} || ({second} == {minor} && {third} >= {patch}))))"
    );
    rule(&format!("self.matches('{}') && {is_later}", must::VERSION), must::REGISTRY_VERSION)
}
