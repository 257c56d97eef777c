//! TLS for the doctor, which looks at certificates, and for probes, which ask for nothing that must stay secret.

use std::sync::Arc;

use process::any_certificate::AnyCertificate;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, Error};

/// TLS that accepts any certificate whose key the server has.
pub(crate) fn config() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}
