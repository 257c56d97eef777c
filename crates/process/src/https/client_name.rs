//! Only clients of certain names: the certificate must come from the authority and carry one of the names, so that
//! others fail in the handshake.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// A verifier that also looks at the name.
#[derive(Debug)]
pub(super) struct NamedClients {
    authority: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl NamedClients {
    /// Clients known to `authority` and of one of `names`; no names: all that it knows.
    pub(super) fn new(authority: Arc<dyn ClientCertVerifier>, names: Vec<String>) -> Self {
        Self { authority, names }
    }

    fn has_name(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, parsed)) = parse_x509_certificate(certificate) else { return false };
        let is_known = |name: &str| self.names.iter().any(|known| known == name);
        let common_name = parsed.subject().iter_common_name().any(|name| name.as_str().is_ok_and(is_known));
        let alternative_name = parsed.subject_alternative_name().ok().flatten().is_some_and(|extension| {
            extension.value.general_names.iter().any(|name| match name {
                GeneralName::DNSName(name) | GeneralName::URI(name) | GeneralName::RFC822Name(name) => {
                    is_known(name)
                }
                _ => false,
            })
        });
        common_name || alternative_name
    }
}

impl ClientCertVerifier for NamedClients {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.authority.verify_client_cert(end_entity, intermediates, now)?;
        if self.names.is_empty() || self.has_name(end_entity) {
            Ok(verified)
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authority.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authority.supported_verify_schemes()
    }
}
