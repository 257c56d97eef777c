//! Signs tokens: ES256, with the certificate of the key in the header, which the registry verifies with its authority.
//!
//! No key has a name, so the registry needs to know no key: another certificate of the same authority is accepted at once.

use std::net::IpAddr;

use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use decide::registry::token::{Claims, Moment, Refusal};
use jiff::Timestamp;
use policy::container_registries::HiddenText;
use serde_json::json;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

/// Labels of private keys in PEM: PKCS #8, and that of elliptic curves.
const KEY_LABELS: [&str; 2] = ["PRIVATE KEY", "EC PRIVATE KEY"];

/// A key with its certificate.
pub struct Signer {
    key: EcdsaKeyPair,
    /// The header of every token, encoded, with the dot behind it.
    header: String,
    not_after: Timestamp,
    random: SystemRandom,
}

/// Why a key and a certificate sign no tokens. No text holds any part of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignerError {
    /// The key cannot be read.
    #[error("the key must be a private key of the curve P-256 in PEM, without a password")]
    Key,
    /// The certificate cannot be read.
    #[error("the certificate must be one in PEM")]
    Certificate,
    /// They do not belong together.
    #[error("the certificate must be that of the key")]
    Pair,
    /// It is the certificate of an authority.
    #[error("the certificate must be that of a key for signatures, not of an authority")]
    Usage,
    /// It is not valid now.
    #[error("the certificate must be valid now")]
    Expired,
    /// The library refuses to sign.
    #[error("the key cannot sign")]
    Sign,
}

impl Signer {
    /// Reads a key and its certificate in PEM.
    ///
    /// # Errors
    /// What they must be.
    pub fn new(key: &str, certificate: &str, now: Timestamp) -> Result<Self, SignerError> {
        let key = pem(key, &KEY_LABELS).ok_or(SignerError::Key)?;
        let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &key)
            .map_err(|_| SignerError::Key)?;
        let der = pem(certificate, &["CERTIFICATE"]).ok_or(SignerError::Certificate)?;
        let (rest, certificate) = X509Certificate::from_der(&der).map_err(|_| SignerError::Certificate)?;
        if !rest.is_empty() {
            return Err(SignerError::Certificate);
        }
        if certificate.public_key().subject_public_key.data.as_ref() != key.public_key().as_ref() {
            return Err(SignerError::Pair);
        }
        let usage = certificate.key_usage().map_err(|_| SignerError::Certificate)?;
        if certificate.is_ca() || usage.is_some_and(|usage| !usage.value.digital_signature()) {
            return Err(SignerError::Usage);
        }
        let validity = certificate.validity();
        let seconds = validity.not_before.timestamp()..=validity.not_after.timestamp();
        let not_after = Timestamp::from_second(*seconds.end()).map_err(|_| SignerError::Certificate)?;
        if !seconds.contains(&now.as_second()) {
            return Err(SignerError::Expired);
        }
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [STANDARD.encode(&*der)]}).to_string();
        let header = format!("{}.", URL_SAFE_NO_PAD.encode(header));
        Ok(Self { key, header, not_after, random: SystemRandom::new() })
    }

    /// Signs the claims of a token.
    ///
    /// # Errors
    /// The library refuses.
    pub fn sign(&self, claims: &Claims) -> Result<HiddenText, SignerError> {
        let claims = serde_json::to_vec(claims).map_err(|_| SignerError::Sign)?;
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 96);
        token.push_str(&self.header);
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.key.sign(&self.random, token.as_bytes()).map_err(|_| SignerError::Sign)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(HiddenText::new(token))
    }

    /// When the certificate ends, and with it every token.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

/// The first block of a text with one of the labels.
fn pem(text: &str, labels: &[&str]) -> Option<Zeroizing<Vec<u8>>> {
    let blocks = Pem::iter_from_buffer(text.as_bytes()).filter_map(Result::ok);
    let mut blocks = blocks.filter(|block| labels.contains(&block.label.as_str()));
    blocks.next().map(|block| Zeroizing::new(block.contents))
}

/// What a token needs to be issued now, if the key that signs is still valid.
///
/// # Errors
/// It is not.
pub(crate) fn moment(signer: &Signer, address: IpAddr, now: Timestamp) -> Result<Moment, Refusal> {
    if now >= signer.not_after() {
        return Err(Refusal::Unavailable);
    }
    // It names a token in logs, and protects nothing: without random numbers, there is no signature either.
    let id: [u8; 16] = rand::generate(&SystemRandom::new()).map_err(|_| Refusal::Unavailable)?.expose();
    Ok(Moment { address, now, id: URL_SAFE_NO_PAD.encode(id) })
}

#[cfg(test)]
mod tests;
