//! The keys that sign tokens: made here, certified by the token authority of the registry, and replaced long before they
//! end. The registry knows the authority alone, so it notices nothing of a new key.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData as _,
};
use x509_parser::pem::Pem;
use x509_parser::time::ASN1Time;
use zeroize::Zeroizing;

use crate::sign::{Signer, SignerError};

/// How long a key is valid.
const LIFE: Duration = Duration::from_hours(24);
/// After which time it is replaced.
const PERIOD: Duration = Duration::from_hours(12);
/// How long before it is made a certificate is valid: a registry whose clock is a little behind must not refuse it.
const BACKDATED: Duration = Duration::from_hours(1);

/// The files of the token authority.
#[derive(Clone, Debug)]
pub struct AuthorityFiles {
    /// Its certificate, before older ones that the registry still trusts.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The authority, and the period in which a key is used: a new period is a change, too.
#[derive(Clone, Eq, PartialEq)]
pub struct Authority {
    certificate: String,
    key: Zeroizing<String>,
    period: u64,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// A file cannot be read.
    #[error("{flag} {}: {cause}", path.display())]
    Read {
        /// The flag that names it.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The authority cannot sign.
    #[error(
        "--token-ca-cert-file and --token-ca-key-file must be the certificate of an authority that is valid now, and its key, in PEM"
    )]
    Authority,
    /// The key cannot be used.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

impl AuthorityFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(&self) -> Result<Authority, SigningError> {
        let read = |flag, path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|cause| SigningError::Read {
                flag,
                path: path.clone(),
                cause,
            })
        };
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Authority {
            certificate: read("--token-ca-cert-file", &self.certificate)?,
            key: read("--token-ca-key-file", &self.key)?.into(),
            period: since.as_secs() / PERIOD.as_secs(),
        })
    }
}

impl Authority {
    /// A new key.
    ///
    /// # Errors
    /// The authority is none, is not valid now, or has another key.
    pub fn signer(&self, now: SystemTime) -> Result<Signer, SigningError> {
        let key = KeyPair::from_pem(&self.key).map_err(|_| SigningError::Authority)?;
        let ends = ends(&self.certificate, &key, now).ok_or(SigningError::Authority)?;
        let made = || {
            let mut params = CertificateParams::new(Vec::new())?;
            params.not_before = now.checked_sub(BACKDATED).unwrap_or(now).into();
            params.not_after = now.checked_add(LIFE).unwrap_or(now).min(ends).into();
            params.distinguished_name.push(DnType::CommonName, "registry tokens");
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
            params.use_authority_key_identifier_extension = true;
            let authority = Issuer::from_ca_cert_pem(&self.certificate, key)?;
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let certificate = params.signed_by(&key, &authority)?.pem();
            Ok::<_, rcgen::Error>((Zeroizing::new(key.serialize_pem()), certificate))
        };
        let (key, certificate) = made().map_err(|_| SigningError::Authority)?;
        let now = Timestamp::try_from(now).map_err(|_| SignerError::Expired)?;
        Ok(Signer::new(&key, &certificate, now)?)
    }
}

/// When an authority ends, if it is one, is valid now and has this key.
fn ends(certificate: &str, key: &KeyPair, now: SystemTime) -> Option<SystemTime> {
    let pem = Pem::iter_from_buffer(certificate.as_bytes()).next()?.ok()?;
    let certificate = pem.parse_x509().ok()?;
    let validity = certificate.validity();
    let now =
        ASN1Time::from_timestamp(i64::try_from(now.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?).ok()?;
    let is_one = certificate.is_ca() && validity.is_valid_at(now);
    let is_of_key = certificate.public_key().raw == key.subject_public_key_info();
    let ends = u64::try_from(validity.not_after.timestamp()).ok()?;
    (is_one && is_of_key).then_some(UNIX_EPOCH + Duration::from_secs(ends))
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertifiedIssuer, IsCa, date_time_ymd};

    use super::*;

    /// 2026-11-26T00:00:00Z.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_hours(20_783 * 24)
    }

    fn authority(is_ca: IsCa, until: i32) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = is_ca;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 11, 27);
        let made = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Authority { certificate: made.pem(), key: made.key().serialize_pem().into(), period: 0 }
    }

    const CA: IsCa = IsCa::Ca(BasicConstraints::Constrained(0));

    #[test]
    fn a_key_ends_after_a_day_or_with_its_authority() {
        let ends = |authority: &Authority| authority.signer(now()).unwrap().not_after().to_string();
        assert_eq!(ends(&authority(CA, 2030)), "2026-11-27T00:00:00Z");
        let noon = now() + Duration::from_hours(12);
        assert_eq!(authority(CA, 2026).signer(noon).unwrap().not_after().to_string(), "2026-11-27T00:00:00Z");
    }

    #[test]
    fn what_is_no_authority_signs_nothing() {
        let (good, other) = (authority(CA, 2030), authority(CA, 2030));
        let mixed = Authority { key: other.key.clone(), ..good.clone() };
        let expired = authority(CA, 2025);
        let leaf = authority(IsCa::ExplicitNoCa, 2030);
        let nothing = Authority { certificate: String::new(), ..good };
        for authority in [mixed, expired, leaf, nothing] {
            assert!(matches!(authority.signer(now()), Err(SigningError::Authority)));
        }
    }
}
