//! What is kept of certificates that others have written, or may have damaged: only what holds together.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use super::issue::{BACKDATED, Pair};
use crate::https::tls;

/// A certificate with its times.
#[derive(Clone, Eq, PartialEq)]
pub struct Certificate {
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
    pub fn all(pem: &[u8]) -> Vec<Self> {
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
    pub fn to_pem(&self) -> String {
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("CERTIFICATE", self.der.as_ref()), config)
    }

    /// Whether it is valid at a time.
    #[must_use]
    pub fn is_valid(&self, now: SystemTime) -> bool {
        self.not_before <= now && now < self.not_after
    }

    /// When it was made.
    #[must_use]
    pub fn made(&self) -> SystemTime {
        self.not_before + BACKDATED
    }

    /// When it ends.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Whether it is that of an authority.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        parse_x509_certificate(&self.der).is_ok_and(|(_, parsed)| parsed.is_ca())
    }

    /// The names of the server that it is for; addresses are left out.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.alternatives(
            |name| if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None },
        )
    }

    /// The addresses of the server that it is for.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.alternatives(|name| {
            let GeneralName::IPAddress(bytes) = name else { return None };
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok()
        })
    }

    fn alternatives<T>(&self, read: impl Fn(&GeneralName<'_>) -> Option<T>) -> Vec<T> {
        let Ok((_, parsed)) = parse_x509_certificate(&self.der) else { return Vec::new() };
        let Ok(Some(names)) = parsed.subject_alternative_name() else { return Vec::new() };
        names.value.general_names.iter().filter_map(read).collect()
    }
}

/// A certificate with the key that belongs to it.
#[derive(Clone)]
pub struct Keyed {
    /// In PEM.
    pub pair: Pair,
    /// The first certificate, which is that of the key.
    pub certificate: Certificate,
}

impl Keyed {
    /// `None` if it does not hold together.
    #[must_use]
    pub fn read(pair: Pair) -> Option<Self> {
        let certificate = Certificate::all(pair.certificate.as_bytes()).into_iter().next()?;
        let unasked = Arc::new(rustls::server::NoClientAuth);
        tls::build(pair.certificate.as_bytes(), pair.key.as_bytes(), unasked).ok()?;
        Some(Self { pair, certificate })
    }

    /// Whether, at a time, who trusts an authority takes this for a server of all these names.
    #[must_use]
    pub fn serves(&self, authority: &Certificate, names: &[String], now: SystemTime) -> bool {
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
