//! The Secrets that the controller makes for caches. They carry no hash of what they hold.

use api::names::cache::{BUNDLE, authority as authority_name, proven as proven_name, proven_annotation};
use k8s_openapi::ByteString;

use super::instance::Instance;
use crate::plan::Wanted;
use crate::registry::secrets::{Data, OPAQUE, secret};

/// A Secret with a certificate and its key.
#[must_use]
pub fn of_cache(instance: &Instance<'_>, name: String, secret_type: &str, data: &Data) -> Wanted {
    secret(&instance.metadata(name), secret_type, data)
}

/// The Secret with the authority of the cache's certificate, without any key.
#[must_use]
pub fn authority(instance: &Instance<'_>, authorities: &str) -> Wanted {
    let data = Data::from([(BUNDLE, ByteString(authorities.as_bytes().to_vec()))]);
    of_cache(instance, authority_name(&instance.spec.upstream), OPAQUE, &data)
}

/// The Secret with credentials that the upstream has accepted; `source` is the name of the Secret that they come from, and its
/// version.
#[must_use]
pub fn proven(instance: &Instance<'_>, source: [&str; 2], data: &Data) -> Wanted {
    let mut metadata = instance.metadata(proven_name(&instance.spec.upstream));
    let annotations = [proven_annotation::SECRET, proven_annotation::VERSION];
    let annotations = annotations.into_iter().zip(source);
    metadata.annotations = Some(annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    secret(&metadata, OPAQUE, data)
}
