//! Keys that verify signatures, as the API server publishes them (RFC 7517). A key says which algorithm it is for, never the
//! token.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// A key as it is published.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kid: String,
    alg: String,
    /// Of an RSA key: the modulus.
    n: Option<String>,
    /// Of an RSA key: the exponent.
    e: Option<String>,
    /// Of an elliptic curve: the place of the key on it.
    x: Option<String>,
    /// See `x`.
    y: Option<String>,
}

/// A key, with the only algorithm that it is used with.
#[derive(Debug)]
pub(super) struct Key {
    algorithm: String,
    public: Public,
}

#[derive(Debug)]
enum Public {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    Curve(UnparsedPublicKey<Vec<u8>>),
}

impl Jwk {
    /// The key and its name, if it is of a kind that Kubernetes has for service accounts.
    pub(super) fn key(self) -> Option<(String, Key)> {
        let public = match self.alg.as_str() {
            "RS256" => self.rsa()?,
            "ES256" => self.curve(&ECDSA_P256_SHA256_FIXED)?,
            "ES384" => self.curve(&ECDSA_P384_SHA384_FIXED)?,
            "ES512" => self.curve(&ECDSA_P521_SHA512_FIXED)?,
            _ => return None,
        };
        Some((self.kid, Key { algorithm: self.alg, public }))
    }

    fn rsa(&self) -> Option<Public> {
        Some(Public::Rsa(RsaPublicKeyComponents { n: number(self.n.as_ref())?, e: number(self.e.as_ref())? }))
    }

    fn curve(&self, algorithm: &'static EcdsaVerificationAlgorithm) -> Option<Public> {
        // The form without compression (SEC 1, section 2.3.3).
        let mut point = vec![4];
        point.extend(number(self.x.as_ref())?);
        point.extend(number(self.y.as_ref())?);
        Some(Public::Curve(UnparsedPublicKey::new(algorithm, point)))
    }
}

fn number(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

impl Key {
    /// Whether a message was signed with it.
    pub(super) fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Option<()> {
        if algorithm != self.algorithm {
            return None;
        }
        match &self.public {
            Public::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            Public::Curve(key) => key.verify(message, signature),
        }
        .ok()
    }
}
