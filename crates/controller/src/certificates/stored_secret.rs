//! A Secret with certificates and keys, as it is stored.

use std::time::SystemTime;

use api::names::image_registry::certificate_key::{
    CERTIFICATE, KEY, NEXT_CERTIFICATE, NEXT_KEY, PUBLISHED, SINCE, TRUSTED,
};
use decide::registry::certificates::{AuthoritySecret, Life};
use decide::registry::observed::GivenSecret;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use process::certificates::{Certificate, Keyed, Pair};

/// What is read of a Secret.
#[derive(Default)]
pub(crate) struct StoredSecret(Secret);

impl StoredSecret {
    /// A Secret that cannot be read holds nothing.
    pub(crate) fn of(stored: &serde_json::Value) -> Self {
        Self(serde::Deserialize::deserialize(stored).unwrap_or_default())
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        std::str::from_utf8(&self.0.data.as_ref()?.get(key)?.0).ok()
    }

    /// The certificate with its key; `None` if they do not belong together.
    pub(crate) fn signs(&self) -> Option<Keyed> {
        self.keyed(CERTIFICATE, KEY)
    }

    /// The authority that signs next.
    pub(crate) fn next(&self) -> Option<Keyed> {
        self.keyed(NEXT_CERTIFICATE, NEXT_KEY)
    }

    fn keyed(&self, certificate: &str, key: &str) -> Option<Keyed> {
        let certificate = self.text(certificate)?.to_owned();
        Keyed::read(Pair { certificate, key: self.text(key)?.to_owned().into() })
    }

    /// As an authority that we make. Whether it is everywhere is not known.
    pub(crate) fn authority(&self) -> AuthoritySecret {
        let trusted = self.text(TRUSTED).unwrap_or_default();
        let time = |key| self.text(key).and_then(|time| time.parse::<Timestamp>().ok()).map(SystemTime::from);
        let is_authority = |keyed: &Keyed| keyed.certificate.is_authority();
        AuthoritySecret {
            signs: self.signs().filter(is_authority).map(|keyed| life(&keyed.certificate)),
            next: self.next().filter(is_authority).map(|keyed| life(&keyed.certificate)),
            is_everywhere: false,
            published: time(PUBLISHED),
            trusted: Certificate::all(trusted.as_bytes()).len(),
            since: time(SINCE),
        }
    }

    /// As what somebody else writes.
    pub(crate) fn given(&self) -> GivenSecret {
        let signs = self.signs();
        GivenSecret {
            certificate: signs.as_ref().map(|keyed| life(&keyed.certificate)),
            is_authority: signs.is_some_and(|keyed| keyed.certificate.is_authority()),
        }
    }
}

/// The life of a certificate.
pub(crate) fn life(certificate: &Certificate) -> Life {
    Life { made: certificate.made(), ends: certificate.not_after() }
}
