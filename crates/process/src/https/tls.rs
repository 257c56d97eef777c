//! The TLS configuration: certificate and key, and whose certificates clients must have. When files are read again, and
//! where certificates come from that are not in files, is not here.

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
use x509_parser::x509::X509Version;

use super::client_name::NamedClients;

/// The files of the TLS configuration.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate of the server, with those that lead to its authority.
    pub certificate: PathBuf,
    /// The key of the certificate.
    pub key: PathBuf,
    /// Who may connect.
    pub clients: Clients,
}

/// Who may connect.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    /// The authority of the certificates of clients, if they must have one.
    pub authority: Option<PathBuf>,
    /// The names of the clients that may connect; none: all that the authority knows.
    pub names: Vec<String>,
}

/// The content of the files, to know when it changes.
#[derive(Clone, Eq, PartialEq)]
pub struct TlsContent {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
    client_ca: ClientCa,
}

/// The content of the file with the authority of clients, if there is one.
pub type ClientCa = Option<Vec<u8>>;

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

/// Why a certificate and its key cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The certificate cannot be read.
    #[error("the certificate: {0}")]
    Certificate(String),
    /// The key cannot be read, or belongs to another certificate.
    #[error("the key: {0}")]
    Key(String),
}

const CERTIFICATE: &str = "--tls-cert-file";
const KEY: &str = "--tls-private-key-file";
const CLIENT_CA: &str = "--client-ca-file";

impl TlsFiles {
    /// Reads the files.
    pub fn read(&self) -> Result<TlsContent, TlsError> {
        Ok(TlsContent {
            certificate: read(CERTIFICATE, &self.certificate)?,
            key: read(KEY, &self.key)?.into(),
            client_ca: self.clients.read()?,
        })
    }

    /// Builds the configuration. Certificate and key are judged together.
    pub fn build(&self, content: &TlsContent) -> Result<Tls, TlsError> {
        let clients = self.clients.verifier(&content.client_ca)?;
        build(&content.certificate, &content.key, clients).map_err(|error| match error {
            PairError::Certificate(problem) => wrong(CERTIFICATE, &self.certificate, problem),
            PairError::Key(problem) => wrong(KEY, &self.key, problem),
        })
    }
}

impl Clients {
    /// Reads the file, if there is one.
    pub fn read(&self) -> Result<ClientCa, TlsError> {
        self.authority.as_deref().map(|path| read(CLIENT_CA, path)).transpose()
    }

    /// Judges clients by the content of the file.
    pub fn verifier(&self, content: &ClientCa) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let (Some(path), Some(pem)) = (&self.authority, content) else { return Ok(Arc::new(NoClientAuth)) };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(pem).map_err(|problem| wrong(CLIENT_CA, path, problem))? {
            roots.add(certificate).map_err(|_| wrong(CLIENT_CA, path, NO_CERTIFICATE))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| wrong(CLIENT_CA, path, error.to_string()))?;
        Ok(Arc::new(NamedClients::new(verifier, self.names.clone())))
    }
}

/// Builds a configuration from a certificate and its key in PEM.
pub fn build(certificate: &[u8], key: &[u8], clients: Arc<dyn ClientCertVerifier>) -> Result<Tls, PairError> {
    let chain = certificates(certificate).map_err(PairError::Certificate)?;
    let not_after = check_certificate(&chain).map_err(PairError::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| PairError::Key("it holds no private key in PEM".to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| PairError::Certificate(error.to_string()))?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .map_err(|error| refused(&error))?;
    // The listener speaks nothing else: the API server speaks it to webhooks, and every client to registries.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Tls { config: Arc::new(config), not_after })
}

/// The cryptography of everything here.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|cause| TlsError::Read { flag, path: path.to_owned(), cause })
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("it is not PEM: {error}"))?;
    if certificates.is_empty() { Err("it holds no certificate in PEM".to_owned()) } else { Ok(certificates) }
}

const NO_CERTIFICATE: &str = "it holds a certificate that is not X.509";

/// When the certificate of the server expires, which is the first one.
fn check_certificate(chain: &[CertificateDer<'_>]) -> Result<SystemTime, String> {
    let parsed = chain.first().and_then(|certificate| parse_x509_certificate(certificate).ok());
    let (_, parsed) = parsed.ok_or_else(|| NO_CERTIFICATE.to_owned())?;
    if parsed.version() != X509Version::V3 {
        return Err(format!(
            "it is a certificate of X.509 version {}, and clients accept version 3 alone: issue it with extensions, such as subjectAltName",
            parsed.version().0 + 1
        ));
    }
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or_default();
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Why a certificate and a key that can be read are refused.
fn refused(error: &rustls::Error) -> PairError {
    match error {
        rustls::Error::InconsistentKeys(_) => PairError::Key("it belongs to another certificate".to_owned()),
        rustls::Error::InvalidCertificate(_) => PairError::Certificate(
            "it is malformed, or its key is of a kind that is not supported".to_owned(),
        ),
        _ => PairError::Key(
            "it is of a kind that is not supported: use RSA of at least 2048 bits, ECDSA or Ed25519"
                .to_owned(),
        ),
    }
}

fn wrong(flag: &'static str, path: &Path, problem: impl Into<String>) -> TlsError {
    TlsError::Content { flag, path: path.to_owned(), problem: problem.into() }
}
