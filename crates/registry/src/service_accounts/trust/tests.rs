use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

pub(crate) const NOW: i64 = 1_795_651_200;
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc";

/// A key that signs tokens, as an API server has it.
pub(crate) struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// As it is published under a name.
    pub(crate) fn published(&self, name: &str) -> Value {
        let point = &self.0.public_key().as_ref()[1..];
        let (x, y) = point.split_at(32);
        let [x, y] = [x, y].map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({"use": "sig", "kty": "EC", "kid": name, "crv": "P-256", "alg": "ES256", "x": x, "y": y})
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = parts.join(".");
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What the API server writes into a token for a Pod.
pub(crate) fn claims() -> Value {
    json!({
        "aud": ["registry.test", "other"],
        "exp": NOW + 600,
        "iat": NOW,
        "iss": ISSUER,
        "jti": "1",
        "kubernetes.io": {"namespace": "team", "serviceaccount": {"name": "web", "uid": "2"}},
        "nbf": NOW,
        "sub": "system:serviceaccount:team:web",
    })
}

pub(crate) fn header() -> Value {
    json!({"alg": "ES256", "kid": "a"})
}

fn trust(key: &SigningKey) -> Trust {
    let keys = json!({"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": "AAAA"}, key.published("a")]});
    Trust::read(&json!({"issuer": ISSUER}).to_string(), &keys.to_string()).unwrap()
}

#[test]
fn a_token_of_the_cluster_for_this_registry_says_whose_it_is() {
    let key = SigningKey::new();
    let token = key.sign(&header(), &claims());
    assert_eq!(key_of(&token).as_deref(), Some("a"));
    let subject = trust(&key).subject(&token, "registry.test", NOW).unwrap();
    let expected = ["system:serviceaccount:team:web", "team", "web"];
    assert_eq!([subject.name, subject.namespace, subject.account], expected);
}

#[rstest]
#[case::audience("aud", json!(["https://kubernetes.default.svc"]))]
#[case::no_audience("aud", json!([]))]
#[case::issuer("iss", json!("https://kubernetes.default.svc/"))]
#[case::expired("exp", json!(NOW - 60))]
#[case::too_early("nbf", json!(NOW + 61))]
#[case::a_user("sub", json!("admin"))]
#[case::a_group("sub", json!("system:serviceaccounts:team"))]
#[case::no_name("sub", json!("system:serviceaccount:team:"))]
#[case::a_third_part("sub", json!("system:serviceaccount:team:web:admin"))]
#[case::a_number("exp", json!("never"))]
fn a_token_that_says_something_else_is_none(#[case] claim: &str, #[case] value: Value) {
    let key = SigningKey::new();
    let mut other = claims();
    other[claim] = value;
    assert_eq!(trust(&key).subject(&key.sign(&header(), &other), "registry.test", NOW), None);
    other.as_object_mut().unwrap().remove(claim);
    assert_eq!(trust(&key).subject(&key.sign(&header(), &other), "registry.test", NOW), None);
}

#[rstest]
#[case::none(json!({"alg": "none", "kid": "a"}))]
#[case::hmac(json!({"alg": "HS256", "kid": "a"}))]
#[case::another_curve(json!({"alg": "ES384", "kid": "a"}))]
#[case::rsa(json!({"alg": "RS256", "kid": "a"}))]
#[case::an_unknown_key(json!({"alg": "ES256", "kid": "b"}))]
#[case::no_key(json!({"alg": "ES256"}))]
#[case::extensions(json!({"alg": "ES256", "kid": "a", "crit": ["b64"], "b64": false}))]
fn the_key_says_how_it_signs(#[case] header: Value) {
    let key = SigningKey::new();
    assert_eq!(trust(&key).subject(&key.sign(&header, &claims()), "registry.test", NOW), None);
}

#[test]
fn a_token_that_is_changed_or_signed_by_another_is_none() {
    let (key, other) = (SigningKey::new(), SigningKey::new());
    let trust = trust(&key);
    let read = |token: &str| trust.subject(token, "registry.test", NOW);
    assert_eq!(read(&other.sign(&header(), &claims())), None);
    let token = key.sign(&header(), &claims());
    for (place, _) in token.char_indices() {
        for digit in ["A", "x", "."] {
            let changed = format!("{}{digit}{}", &token[..place], &token[place + 1..]);
            assert!(changed == token || read(&changed).is_none(), "{changed}");
        }
        assert_eq!(read(&token[..place]), None);
    }
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let key = SigningKey::new();
    let token = key.sign(&header(), &claims());
    let is_valid = |now| trust(&key).subject(&token, "registry.test", now).is_some();
    let times = [NOW - 61, NOW - 60, NOW + 659, NOW + 660];
    assert_eq!(times.map(is_valid), [false, true, true, false]);
}
