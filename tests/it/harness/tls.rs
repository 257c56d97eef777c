//! Certificates for servers and clients, and TLS clients that trust them.

use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use process::https::tls::{Clients, TlsFiles, provider};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use serverless_webhook::certificates::dev_certs::DevCerts;

/// Writes certificates to files and returns their paths.
pub fn write_certs(folder: &Path, certs: &DevCerts) -> TlsFiles {
    std::fs::write(folder.join("tls.crt"), &certs.server.certificate).unwrap();
    std::fs::write(folder.join("tls.key"), certs.server.key.as_bytes()).unwrap();
    TlsFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key"), clients: Clients::default() }
}

/// A client that trusts an authority.
pub fn client(ca_certificate: &str) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(ca_certificate))
        .with_no_client_auth()
}

/// The certificate that a server has for a name, to a client that trusts an authority.
pub fn served(address: (&str, u16), name: &str, authority: &str) -> CertificateDer<'static> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(client(authority)), name).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).unwrap();
    }
    connection.peer_certificates().unwrap()[0].clone().into_owned()
}

/// A client that trusts an authority and has a certificate.
pub fn client_with(ca_certificate: &str, certificate: &str, key: &str) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(ca_certificate))
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap()
}

fn roots(ca_certificate: &str) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_certificate.as_bytes()).unwrap()).unwrap();
    roots
}

/// A client authority, and a client certificate that it signed.
pub fn client_certificate(name: &str) -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "client authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut client = CertificateParams::new(vec!["alternative.example.com".to_owned()]).unwrap();
    client.distinguished_name.push(DnType::CommonName, name);
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = client.signed_by(&key, &authority).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}
