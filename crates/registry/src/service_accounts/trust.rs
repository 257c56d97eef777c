//! What tokens of service accounts are verified by: the issuer of the cluster, and its keys. Nothing here asks anybody.

mod key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use key::{Jwk, Key};

/// What the names of service accounts begin with.
const PREFIX: &str = "system:serviceaccount:";
/// How far clocks may differ, in seconds: as far as Kubernetes allows it.
const LEEWAY: i64 = 60;

/// The issuer, and its keys by their names.
#[derive(Debug)]
pub(super) struct Trust {
    issuer: String,
    keys: Vec<(String, Key)>,
}

/// Whose token it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Subject {
    /// `system:serviceaccount:NAMESPACE:ACCOUNT`.
    pub(super) name: String,
    /// The namespace of the account.
    pub(super) namespace: String,
    /// Its name there.
    pub(super) account: String,
}

/// What the API server says of its issuer.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

/// The first part of a token.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// What a verifier must understand: there is nothing that this one does.
    crit: Option<IgnoredAny>,
}

/// The second part of a token.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Vec<String>,
    exp: i64,
    nbf: i64,
}

/// The name of the key that a token says it is signed with.
pub(super) fn key_of(token: &str) -> Option<String> {
    let header: Header = decode(token.split('.').next()?)?;
    Some(header.kid)
}

impl Trust {
    /// Reads `/.well-known/openid-configuration` and `/openid/v1/jwks`. Keys of other kinds verify nothing.
    pub(super) fn read(discovery: &str, keys: &str) -> serde_json::Result<Self> {
        let Discovery { issuer } = serde_json::from_str(discovery)?;
        let KeySet { keys } = serde_json::from_str(keys)?;
        Ok(Self { issuer, keys: keys.into_iter().filter_map(Jwk::key).collect() })
    }

    /// Whether there is a key of a name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.key(name).is_some()
    }

    fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|(known, _)| known == name).map(|(_, key)| key)
    }

    /// Whose token it is, if it is signed by the issuer, for the audience, and valid now.
    pub(super) fn subject(&self, token: &str, audience: &str, now: i64) -> Option<Subject> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let Header { alg, kid, crit: None } = decode(header)? else { return None };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.key(&kid)?.verify(&alg, message.as_bytes(), &signature)?;
        let claims: Claims = decode(claims)?;
        let is_now = now < claims.exp.saturating_add(LEEWAY) && claims.nbf <= now.saturating_add(LEEWAY);
        let is_for_us = claims.iss == self.issuer && claims.aud.iter().any(|known| known == audience);
        Subject::of(claims.sub).filter(|_| is_now && is_for_us)
    }
}

/// The content of a part of a token.
fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

impl Subject {
    fn of(name: String) -> Option<Self> {
        let (namespace, account) = name.strip_prefix(PREFIX)?.split_once(':')?;
        let is_plain = |part: &str| !part.is_empty() && !part.contains(':');
        let (namespace, account) = (namespace.to_owned(), account.to_owned());
        (is_plain(&namespace) && is_plain(&account)).then_some(Self { name, namespace, account })
    }
}

#[cfg(test)]
pub(super) mod tests;
