//! The keys that sign tokens: made here, certified by the token authority of the registry, and replaced long before they
//! end. The registry knows the authority alone, so it notices nothing of a new key.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
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
        "--token-ca-cert-file and --token-ca-key-file must be the certificate of an authority and its key in PEM"
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
    /// The authority cannot sign.
    pub fn signer(&self, now: SystemTime) -> Result<Signer, SigningError> {
        let made = || {
            let mut params = CertificateParams::new(Vec::new())?;
            params.not_before = now.checked_sub(BACKDATED).unwrap_or(now).into();
            params.not_after = now.checked_add(LIFE).unwrap_or(now).into();
            params.distinguished_name.push(DnType::CommonName, "registry tokens");
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
            params.use_authority_key_identifier_extension = true;
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let authority = Issuer::from_ca_cert_pem(&self.certificate, KeyPair::from_pem(&self.key)?)?;
            let certificate = params.signed_by(&key, &authority)?.pem();
            Ok::<_, rcgen::Error>((Zeroizing::new(key.serialize_pem()), certificate))
        };
        let (key, certificate) = made().map_err(|_| SigningError::Authority)?;
        let now = Timestamp::try_from(now).map_err(|_| SignerError::Expired)?;
        Ok(Signer::new(&key, &certificate, now)?)
    }
}
