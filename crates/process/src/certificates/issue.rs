//! Makes authorities and server certificates: P-256, for TLS alone.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use zeroize::Zeroizing;

use crate::https::tls;

/// How long before it is made a certificate is valid: a clock that is a little behind must not refuse it.
pub const BACKDATED: Duration = Duration::from_hours(1);

/// The longest common name, in characters (RFC 5280, appendix A.1).
const COMMON_NAME_MAX: usize = 64;

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: Zeroizing<String>,
}

/// Makes an authority that is valid until a time. It signs servers, and no further authorities.
///
/// # Errors
/// The system has no random numbers.
pub fn authority(common_name: &str, now: SystemTime, not_after: SystemTime) -> Result<Pair, Error> {
    let mut params = params(Vec::new(), common_name, now, not_after)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
    Ok(Pair { certificate: issuer.pem(), key: Zeroizing::new(issuer.key().serialize_pem()) })
}

/// Makes a server certificate for names and addresses, signed by an authority and valid until a time.
///
/// # Errors
/// A name is none, or the authority cannot be read.
pub fn server(
    authority: &Pair,
    names: Vec<String>,
    now: SystemTime,
    not_after: SystemTime,
) -> Result<Pair, Error> {
    // No one asks for it any more, and it is short.
    let common_name = names.iter().find(|name| name.len() <= COMMON_NAME_MAX).cloned();
    let mut params = params(names, &common_name.unwrap_or_default(), now, not_after)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(&authority.key)?)?;
    let certificate = params.signed_by(&key, &issuer)?;
    Ok(Pair { certificate: certificate.pem(), key: Zeroizing::new(key.serialize_pem()) })
}

/// A key of 256 random bits, in hexadecimal.
///
/// # Errors
/// The system has no random numbers.
pub fn random_key() -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    let random = tls::provider().secure_random;
    random.fill(bytes.as_mut_slice()).map_err(|_| Error::RingUnspecified)?;
    let mut text = Zeroizing::new(String::with_capacity(64));
    for byte in bytes.iter() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

fn params(
    names: Vec<String>,
    common_name: &str,
    now: SystemTime,
    not_after: SystemTime,
) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(names)?;
    params.not_before = now.checked_sub(BACKDATED).unwrap_or(now).into();
    params.not_after = not_after.into();
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}
