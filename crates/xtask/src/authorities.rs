//! The certificate authorities of our images: those that Mozilla trusts, from a crate. So they follow from Cargo.lock, not
//! from the machine, whose own list may be old, or hold authorities of a company.

use pem::{EncodeConfig, LineEnding, Pem, encode_many_config};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// All of them, one after the other.
#[must_use]
pub fn pem() -> String {
    let certificates: Vec<_> = TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|certificate| Pem::new("CERTIFICATE", certificate.as_ref()))
        .collect();
    encode_many_config(&certificates, EncodeConfig::new().set_line_ending(LineEnding::LF))
}
