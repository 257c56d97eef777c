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
    let blocks = Pem::iter_from_buffer(text.as_bytes()).filter_map(Result::ok);
    let ends: Vec<_> = blocks
        .filter(|block| block.label == "CERTIFICATE")
        .filter_map(|block| end_of_validity(&block.contents))
        .collect();
    if ends.is_empty() {
        return Some(Fault::None);
    }
    ends.into_iter().find(|end| *end < now).map(Fault::Expired)
}

/// Until when a certificate is valid; none if the bytes are no certificate in DER.
#[must_use]
pub fn end_of_validity(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}
