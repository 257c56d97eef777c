//! Certificates: whether a file of authorities can be used, and until when.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;

/// What is wrong with a file of authorities.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// It holds no certificate in PEM.
    None,
    /// A certificate in it expired then.
    Expired(Timestamp),
}

/// What is wrong with a file of authorities. containerd passes over what is no certificate in it.
pub(super) fn fault(text: &str, now: Timestamp) -> Option<Fault> {
    let ends: Vec<_> = certificates(text).filter_map(|certificate| end_of_validity(&certificate)).collect();
    if ends.is_empty() {
        return Some(Fault::None);
    }
    ends.into_iter().find(|end| *end < now).map(Fault::Expired)
}

/// The certificates in a file, in DER.
pub(super) fn certificates(text: &str) -> impl Iterator<Item = Vec<u8>> {
    let blocks = Pem::iter_from_buffer(text.as_bytes()).filter_map(Result::ok);
    blocks.filter(|block| block.label == "CERTIFICATE").map(|block| block.contents)
}

/// Until when a certificate is valid; none if the bytes are no certificate in DER.
#[must_use]
pub fn end_of_validity(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}
