//! Authorities: what is a certificate, and until when.

use super::*;

/// A certificate that is valid until 2126.
const CA: &str = include_str!("ca.pem");
/// 2127-01-01.
const LATER: Timestamp = Timestamp::constant(4_954_435_200, 0);

#[rstest]
#[case::valid(CA, "")]
#[case::two(&[CA, CA].concat(), "")]
#[case::key(
    "-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----\n",
    "must hold certificates alone: no key and no request"
)]
#[case::cut(
    &CA[..CA.len() / 2],
    "must be one or more certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE"
)]
fn judges_an_authority(#[case] pem: &str, #[case] must: &str) {
    let text = endpoint(&format!("endpoint: a, ca: {}", serde_json::to_string(pem).unwrap()));
    let path = "containerRegistries[example.com][0].ca: Invalid value: ";
    let expected: Vec<_> =
        Some(must).filter(|must| !must.is_empty()).map(|must| [path, must].concat()).into_iter().collect();
    assert_eq!(violations(&text), expected);
}

#[test]
fn refuses_an_authority_that_has_expired() {
    let text = endpoint(&format!("endpoint: a, ca: {}", serde_json::to_string(CA).unwrap()));
    let found: Vec<_> = read(&text, LATER).violations.iter().map(Violation::to_string).collect();
    assert_eq!(
        found,
        ["containerRegistries[example.com][0].ca: Invalid value: must hold no certificate that has expired"]
    );
}
