//! Tokens in which one thing is not as it must be.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use decide::registry::token::{Access, Claims};
use rcgen::{KeyPair, PublicKeyData as _};
use serde_json::{Value, json};

use super::keys::Keys;
use super::{LEEWAY, Timestamp};

/// What is changed.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Claims, signed as ever.
    Issuer,
    Audience,
    End,
    Beginning,
    /// The claims under a signature of others.
    Access,
    /// A byte of the signature.
    Signature,
    /// The header says that there is no signature.
    AlgorithmNone,
    /// The signature is made with what everybody knows.
    AlgorithmHmac,
    /// The certificate of another key of the same authority.
    OtherCertificate,
    /// A whole chain of another authority.
    OtherAuthority,
    /// The certificate has expired.
    ExpiredCertificate,
    /// No certificate.
    NoCertificate,
    /// The key of the client itself, in the header.
    OwnKey,
}

impl Change {
    pub const ALL: [Self; 13] = [
        Self::Issuer,
        Self::Audience,
        Self::End,
        Self::Beginning,
        Self::Access,
        Self::Signature,
        Self::AlgorithmNone,
        Self::AlgorithmHmac,
        Self::OtherCertificate,
        Self::OtherAuthority,
        Self::ExpiredCertificate,
        Self::NoCertificate,
        Self::OwnKey,
    ];

    /// The token with these claims, but for the change; `access` is what somebody would rather have.
    pub fn of(self, claims: &Claims, access: &[Access], keys: &Keys) -> String {
        let now = Timestamp::now().as_second();
        let leeway = i64::try_from(LEEWAY.as_secs()).unwrap();
        let signed = |claims: &Claims| keys.ours.sign(claims).unwrap().reveal().to_owned();
        let ours = signed(claims);
        let parts: [&str; 3] = ours.split('.').collect::<Vec<_>>().try_into().unwrap();
        let with_header = |change: &dyn Fn(&mut Value)| {
            let mut header: Value = serde_json::from_slice(&decoded(parts[0])).unwrap();
            change(&mut header);
            format!("{}.{}", encoded(header.to_string()), parts[1])
        };
        match self {
            Self::Issuer => signed(&Claims { iss: format!("{}.", claims.iss), ..claims.clone() }),
            Self::Audience => signed(&Claims { aud: format!("{}.", claims.aud), ..claims.clone() }),
            Self::End => signed(&Claims { exp: now - leeway - 1, ..claims.clone() }),
            Self::Beginning => signed(&Claims { nbf: now + 2 * leeway, ..claims.clone() }),
            Self::Access => {
                let jti = format!("{}.", claims.jti);
                let changed = Claims { access: access.to_vec(), jti, ..claims.clone() };
                format!("{}.{}.{}", parts[0], encoded(serde_json::to_vec(&changed).unwrap()), parts[2])
            }
            Self::Signature => {
                let mut signature = decoded(parts[2]);
                signature[10] ^= 1;
                format!("{}.{}.{}", parts[0], parts[1], encoded(signature))
            }
            Self::AlgorithmNone => with_header(&|header| header["alg"] = json!("none")) + ".",
            Self::AlgorithmHmac => {
                let text = with_header(&|header| header["alg"] = json!("HS256"));
                let header: Value = serde_json::from_slice(&decoded(parts[0])).unwrap();
                let known = STANDARD.decode(header["x5c"][0].as_str().unwrap()).unwrap();
                format!(
                    "{text}.{}",
                    encoded(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &known), text.as_bytes()))
                )
            }
            Self::OtherCertificate => {
                let certificate = STANDARD.encode(&keys.other_certificate);
                sign(&with_header(&|header| header["x5c"] = json!([certificate])), &keys.our_key)
            }
            Self::OtherAuthority => keys.foreign.sign(claims).unwrap().reveal().to_owned(),
            Self::ExpiredCertificate => keys.expired.sign(claims).unwrap().reveal().to_owned(),
            Self::NoCertificate => sign(
                &with_header(&|header| *header = json!({"typ": "JWT", "alg": "ES256", "kid": "test"})),
                &keys.our_key,
            ),
            Self::OwnKey => {
                let key = KeyPair::generate().unwrap();
                let (x, y) = key.der_bytes()[1..].split_at(32);
                let jwk =
                    json!({"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y), "kid": "test"});
                sign(
                    &with_header(&|header| *header = json!({"typ": "JWT", "alg": "ES256", "jwk": jwk})),
                    &key,
                )
            }
        }
    }
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Signs header and claims.
fn sign(text: &str, key: &KeyPair) -> String {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der()).unwrap();
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", encoded(signature))
}
