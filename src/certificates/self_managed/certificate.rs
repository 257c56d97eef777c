//! What is kept of certificates that others have written, or may have damaged: only what holds together.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::parse_x509_certificate;

use crate::certificates::issue::{BACKDATED, Pair};
use process::https::tls;

/// A certificate with its times.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Certificate {
    der: CertificateDer<'static>,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Certificate({:?} to {:?})", self.not_before, self.not_after)
    }
}

impl Certificate {
    /// All certificates of a text in PEM; anything else is skipped.
    #[must_use]
    pub(super) fn all(pem: &[u8]) -> Vec<Self> {
        CertificateDer::pem_slice_iter(pem).flatten().filter_map(Self::parse).collect()
    }

    fn parse(der: CertificateDer<'static>) -> Option<Self> {
        let (_, parsed) = parse_x509_certificate(&der).ok()?;
        let time = |seconds: i64| Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?));
        let not_before = time(parsed.validity().not_before.timestamp())?;
        let not_after = time(parsed.validity().not_after.timestamp())?;
        Some(Self { der, not_before, not_after })
    }

    /// In PEM.
    #[must_use]
    pub(super) fn to_pem(&self) -> String {
        pem::encode(&pem::Pem::new("CERTIFICATE", self.der.as_ref()))
    }

    /// Whether it is valid at a time.
    #[must_use]
    pub(super) fn is_valid(&self, now: SystemTime) -> bool {
        self.not_before <= now && now < self.not_after
    }

    /// When it was made.
    #[must_use]
    pub(super) fn made(&self) -> SystemTime {
        self.not_before + BACKDATED
    }

    /// When it ends.
    #[must_use]
    pub(super) fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Whether two thirds of its life are over, so that there is time to replace it.
    #[must_use]
    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        let life = self.not_after.duration_since(self.made()).unwrap_or_default();
        self.made() + life * 2 / 3 <= now
    }
}

/// A certificate with the key that belongs to it.
#[derive(Clone)]
pub(super) struct Keyed {
    /// In PEM.
    pub(super) pair: Pair,
    pub(super) certificate: Certificate,
}

impl Keyed {
    /// `None` if it does not hold together.
    #[must_use]
    pub(super) fn read(pair: Pair) -> Option<Self> {
        let certificate = Certificate::all(pair.certificate.as_bytes()).into_iter().next()?;
        let unasked = Arc::new(rustls::server::NoClientAuth);
        tls::build(pair.certificate.as_bytes(), pair.key.as_bytes(), unasked).ok()?;
        Some(Self { pair, certificate })
    }

    /// Whether, at a time, who trusts an authority takes this for a server of all these names.
    #[must_use]
    pub(super) fn serves(&self, authority: &Certificate, names: &[String], now: SystemTime) -> bool {
        let mut roots = RootCertStore::empty();
        if roots.add(authority.der.clone()).is_err() {
            return false;
        }
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider());
        let Ok(verifier) = builder.build() else { return false };
        let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
        names.iter().all(|name| {
            ServerName::try_from(name.as_str()).is_ok_and(|name| {
                verifier.verify_server_cert(&self.certificate.der, &[], &name, &[], now).is_ok()
            })
        })
    }
}
