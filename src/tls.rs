//! The TLS configuration, from files: certificate and key, and whose certificates clients must have. When the files
//! are read again is not here.

mod client_name;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use x509_parser::parse_x509_certificate;

use client_name::NamedClients;

/// The files of the TLS configuration.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate of the server, with those that lead to its authority.
    pub certificate: PathBuf,
    /// The key of the certificate.
    pub key: PathBuf,
    /// The authority of the certificates of clients, if they must have one.
    pub client_ca: Option<PathBuf>,
    /// The names of the clients that may connect; none: all that the authority knows.
    pub client_names: Vec<String>,
}

/// The content of the files, to know when it changes.
#[derive(Clone, Eq, PartialEq)]
pub struct TlsContent {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
    client_ca: Option<Vec<u8>>,
}

/// A TLS configuration that can be served.
#[derive(Debug)]
pub struct Tls {
    /// The configuration.
    pub config: Arc<ServerConfig>,
    /// When the certificate expires.
    pub not_after: SystemTime,
}

/// Why files are no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{flag} {}: {cause}", path.display())]
    Read {
        /// The flag that names the file.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{flag} {}: {problem}", path.display())]
    Content {
        /// The flag that names the file.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

const CERTIFICATE: &str = "--tls-cert-file";
const KEY: &str = "--tls-private-key-file";
const CLIENT_CA: &str = "--client-ca-file";

impl TlsFiles {
    /// Reads the files.
    pub fn read(&self) -> Result<TlsContent, TlsError> {
        let read = |flag, path: &Path| {
            std::fs::read(path).map_err(|cause| TlsError::Read { flag, path: path.to_owned(), cause })
        };
        Ok(TlsContent {
            certificate: read(CERTIFICATE, &self.certificate)?,
            key: read(KEY, &self.key)?.into(),
            client_ca: self.client_ca.as_deref().map(|path| read(CLIENT_CA, path)).transpose()?,
        })
    }

    /// Builds the configuration. Certificate and key are judged together.
    pub fn build(&self, content: &TlsContent) -> Result<Tls, TlsError> {
        let chain = certificates(CERTIFICATE, &self.certificate, &content.certificate)?;
        let not_after = chain
            .first()
            .and_then(not_after)
            .ok_or_else(|| wrong(CERTIFICATE, &self.certificate, "it holds no X.509 certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(|_| wrong(KEY, &self.key, "it holds no private key in PEM"))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| wrong(CERTIFICATE, &self.certificate, error.to_string()))?
            .with_client_cert_verifier(self.client_verifier(content.client_ca.as_deref(), provider)?)
            .with_single_cert(chain, key)
            .map_err(|error| wrong(KEY, &self.key, format!("it does not fit {CERTIFICATE}: {error}")))?;
        // The API server speaks HTTP/1.1 to webhooks and nothing else.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { config: Arc::new(config), not_after })
    }

    fn client_verifier(
        &self,
        client_ca: Option<&[u8]>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let (Some(path), Some(pem)) = (&self.client_ca, client_ca) else { return Ok(Arc::new(NoClientAuth)) };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(CLIENT_CA, path, pem)? {
            roots.add(certificate).map_err(|error| wrong(CLIENT_CA, path, error.to_string()))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| wrong(CLIENT_CA, path, error.to_string()))?;
        Ok(Arc::new(NamedClients::new(verifier, self.client_names.clone())))
    }
}

fn certificates(
    flag: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(flag, path, format!("it is not PEM: {error}")))?;
    if certificates.is_empty() {
        Err(wrong(flag, path, "it holds no certificate in PEM"))
    } else {
        Ok(certificates)
    }
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

fn wrong(flag: &'static str, path: &Path, problem: impl Into<String>) -> TlsError {
    TlsError::Content { flag, path: path.to_owned(), problem: problem.into() }
}
