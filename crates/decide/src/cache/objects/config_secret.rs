//! The Secret with the configuration of a cache, and with the authorities that its containers trust.

use api::names::cache::{configuration as prefix, with_content};
use api::names::image_registry::config_key::{AUTHORITIES, REGISTRY};
use k8s_openapi::ByteString;
use serde_json::json;

use crate::Kind;
use crate::cache::configuration::configuration;
use crate::cache::instance::{Access, Instance};
use crate::cache::paths::key::REMOTE_CA;
use crate::object::wanted;
use crate::plan::Wanted;

/// Authorities that the containers of a cache trust, in PEM. They read them when they start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in super::super) struct Trusted<'a> {
    /// Those of tokens.
    pub(in super::super) tokens: &'a str,
    /// That of the upstream, if it is not a public one.
    pub(in super::super) remote: Option<&'a str>,
}

/// Other content has another name, so Pods never see half a change.
pub(in super::super) fn config_secret(instance: &Instance<'_>, trusted: Trusted<'_>) -> Wanted {
    let mut values = vec![(REGISTRY, configuration(instance))];
    if instance.access() == Access::Authorize {
        values.push((AUTHORITIES, trusted.tokens.to_owned()));
    }
    values.extend(trusted.remote.map(|remote| (REMOTE_CA, remote.to_owned())));
    values.sort_unstable();
    let name =
        with_content(&prefix(&instance.spec.upstream), values.iter().map(|(_, value)| value.as_bytes()));
    let data: serde_json::Map<_, _> = values
        .into_iter()
        .map(|(key, value)| (key.to_owned(), json!(ByteString(value.into_bytes()))))
        .collect();
    wanted(Kind::Secret, &instance.metadata(name), json!({"type": "Opaque", "immutable": true, "data": data}))
}
