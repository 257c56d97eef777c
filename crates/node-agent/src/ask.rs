//! Asks a mirror whether it answers.
//!
//! Without credentials, and without verification of its certificate: an answer proves that something is there, and containerd
//! verifies whatever it pulls.

use std::sync::Arc;

use decide::nodes::probe::{TIMEOUT, Target};
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::time::timeout;

use crate::http::{self, Server};

/// How this program names itself.
pub(crate) const AGENT: &str = concat!("serverless-node-agent/", env!("CARGO_PKG_VERSION"));

/// Whether a mirror gives any HTTP answer in time.
pub(crate) async fn answers(target: &Target, tls: Arc<ClientConfig>) -> bool {
    let Target { host, port, path, .. } = target;
    let request = Request::get(path)
        .header(HOST, format!("{host}:{port}"))
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new());
    // Addresses were judged when they were read.
    let Ok(request) = request else { return false };
    let server = Server { host, port: *port, tls: target.tls.then_some(tls) };
    timeout(TIMEOUT, http::send(server, request)).await.is_ok_and(|answer| answer.is_ok())
}

/// TLS that takes any certificate.
pub(crate) fn any_certificate() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
