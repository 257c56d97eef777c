//! How `replay` knows the server that it asks, and how it proves itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use process::any_certificate::AnyCertificate;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use process::https::tls;

/// Whom to trust, and as whom to ask.
#[derive(Debug, clap::Args)]
pub(super) struct Trust {
    /// The CA of the server's certificate; without it, the CAs of the system are trusted
    #[arg(long, value_name = "FILE", help_heading = "Server")]
    ca_file: Option<PathBuf>,
    /// Accepts any certificate of the server: for tests alone
    #[arg(long, conflicts_with = "ca_file", help_heading = "Server")]
    insecure: bool,
    /// The certificate to show to the server
    #[arg(long, value_name = "FILE", requires = "client_key", help_heading = "Server")]
    client_cert: Option<PathBuf>,
    /// The key of the certificate to show to the server
    #[arg(long, value_name = "FILE", requires = "client_cert", help_heading = "Server")]
    client_key: Option<PathBuf>,
}

impl Trust {
    pub(super) fn client_config(&self) -> anyhow::Result<ClientConfig> {
        let provider = tls::provider();
        let verifier: Arc<dyn ServerCertVerifier> = if self.insecure {
            Arc::new(AnyCertificate(Arc::clone(&provider)))
        } else {
            let roots = Arc::new(self.roots()?);
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let Some(path) = &self.client_key else { return Ok(builder.with_no_client_auth()) };
        let key =
            PrivateKeyDer::from_pem_file(path).with_context(|| format!("--client-key {}", path.display()))?;
        let chain =
            self.client_cert.as_deref().map(|path| certificates("--client-cert", path)).transpose()?;
        let config = builder.with_client_auth_cert(chain.unwrap_or_default(), key).ok();
        config
            .with_context(|| format!("--client-key {}: it does not belong to --client-cert", path.display()))
    }

    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let Some(path) = &self.ca_file else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                bail!("this system trusts no CA: name that of the server with --ca-file");
            }
            return Ok(roots);
        };
        for certificate in certificates("--ca-file", path)? {
            roots.add(certificate).ok().context("--ca-file: it holds a certificate that is not X.509")?;
        }
        Ok(roots)
    }
}

fn certificates(flag: &str, path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    read().with_context(|| format!("{flag} {}", path.display()))
}
