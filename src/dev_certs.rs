//! Certificates for development: an authority and a server certificate for loopback and the names of the Service.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use zeroize::Zeroizing;

use crate::routes::SERVICE;

/// Certificates and their keys, in PEM.
pub struct DevCerts {
    /// The certificate of the authority.
    pub ca_certificate: String,
    /// The key of the authority.
    pub ca_key: Zeroizing<String>,
    /// The certificate of the server.
    pub certificate: String,
    /// The key of the server.
    pub key: Zeroizing<String>,
}

/// Makes an authority and a certificate that it signed, valid for `localhost`, loopback addresses and the names of
/// the Service in `namespace`, for a year.
pub fn make(namespace: &str) -> Result<DevCerts, rcgen::Error> {
    let service = SERVICE.name;
    let names = [
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
        service.to_owned(),
        format!("{service}.{namespace}"),
        format!("{service}.{namespace}.svc"),
        format!("{service}.{namespace}.svc.cluster.local"),
    ];
    let now = std::time::SystemTime::now();
    let validity = |params: &mut CertificateParams| {
        // A clock that is a little behind must not refuse them.
        params.not_before = (now - std::time::Duration::from_hours(1)).into();
        params.not_after = (now + std::time::Duration::from_hours(365 * 24)).into();
    };

    let mut authority = CertificateParams::new(Vec::new())?;
    validity(&mut authority);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, format!("{service} development authority"));
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;

    let mut server = CertificateParams::new(names)?;
    validity(&mut server);
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.distinguished_name.push(DnType::CommonName, format!("{service}.{namespace}.svc"));
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = server.signed_by(&key, &authority)?;

    Ok(DevCerts {
        ca_certificate: authority.pem(),
        ca_key: Zeroizing::new(authority.key().serialize_pem()),
        certificate: certificate.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    })
}
