//! Makes authorities and server certificates: P-256, for TLS alone.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use zeroize::Zeroizing;

/// How long before it is made a certificate is valid: a clock that is a little behind must not refuse it.
pub(super) const BACKDATED: Duration = Duration::from_hours(1);

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: Zeroizing<String>,
}

/// Makes an authority that is valid until a time. It signs servers, and no further authorities.
pub(super) fn authority(common_name: &str, now: SystemTime, not_after: SystemTime) -> Result<Pair, Error> {
    let mut params = params(Vec::new(), common_name, now, not_after)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
    Ok(Pair { certificate: issuer.pem(), key: Zeroizing::new(issuer.key().serialize_pem()) })
}

/// Makes a server certificate for names and addresses, signed by an authority and valid until a time.
pub(super) fn server(
    authority: &Pair,
    names: Vec<String>,
    now: SystemTime,
    not_after: SystemTime,
) -> Result<Pair, Error> {
    let common_name = names.first().cloned().unwrap_or_default();
    let mut params = params(names, &common_name, now, not_after)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(&authority.key)?)?;
    let certificate = params.signed_by(&key, &issuer)?;
    Ok(Pair { certificate: certificate.pem(), key: Zeroizing::new(key.serialize_pem()) })
}

/// The names under which a Service is called.
#[must_use]
pub(super) fn service_names(service: &str, namespace: &str) -> Vec<String> {
    vec![
        format!("{service}.{namespace}.svc"),
        format!("{service}.{namespace}.svc.cluster.local"),
        format!("{service}.{namespace}"),
        service.to_owned(),
    ]
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
