use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P384_SHA384, date_time_ymd,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

fn params(is_authority: bool, until: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2026, 11, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    }
    params
}

fn with_usages(usages: &[KeyUsagePurpose]) -> CertificateParams {
    let mut params = params(false, 2027);
    params.key_usages = usages.to_vec();
    params
}

/// The PEM of a key, and of its certificate.
fn pair(params: &CertificateParams) -> (String, String) {
    let authority =
        CertifiedIssuer::self_signed(self::params(true, 2030), KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    (key.serialize_pem(), params.signed_by(&key, &authority).unwrap().pem())
}

fn claims() -> Claims {
    Claims {
        iss: "i".to_owned(),
        sub: "me".to_owned(),
        aud: "s".to_owned(),
        exp: 2,
        nbf: 1,
        iat: 1,
        jti: "7".to_owned(),
        access: Vec::new(),
    }
}

#[test]
fn a_token_is_signed_by_the_key_of_the_certificate_in_it() {
    let (key, certificate) = pair(&params(false, 2027));
    let signer = Signer::new(&key, &certificate, NOW).unwrap();
    assert_eq!(signer.not_after(), Timestamp::constant(1_798_761_600, 0));
    let token = signer.sign(&claims()).unwrap();
    let [header, body, signature] = token.reveal().split('.').collect::<Vec<_>>().try_into().unwrap();
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let header: Value = serde_json::from_slice(&decoded(header)).unwrap();
    let der = pem(&certificate, &["CERTIFICATE"]).unwrap();
    assert_eq!(header, json!({"typ": "JWT", "alg": "ES256", "x5c": [STANDARD.encode(&*der)]}));
    let body: Value = serde_json::from_slice(&decoded(body)).unwrap();
    assert_eq!(body, serde_json::to_value(claims()).unwrap());
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let key = certificate.public_key().subject_public_key.data.to_vec();
    let covered = token.reveal().rsplit_once('.').unwrap().0;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
    key.verify(covered.as_bytes(), &decoded(signature)).unwrap();
    assert!(!format!("{token:?}").contains('.'));
}

fn refused(key: &str, certificate: &str) -> Option<SignerError> {
    Signer::new(key, certificate, NOW).err()
}

#[test]
fn key_and_certificate_belong_together() {
    let ((key, certificate), (other, _)) = (pair(&params(false, 2027)), pair(&params(false, 2027)));
    assert_eq!(refused(&other, &certificate), Some(SignerError::Pair));
    assert_eq!(refused(&certificate, &key), Some(SignerError::Key));
    assert_eq!(refused(&key, &key), Some(SignerError::Certificate));
    assert_eq!(refused("", &certificate), Some(SignerError::Key));
    let large = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap().serialize_pem();
    assert_eq!(refused(&large, &certificate), Some(SignerError::Key));
}

#[rstest]
#[case::authority(params(true, 2027), Some(SignerError::Usage))]
#[case::expired(params(false, 2026), Some(SignerError::Expired))]
#[case::any_usage(with_usages(&[]), None)]
#[case::other_usage(with_usages(&[KeyUsagePurpose::KeyAgreement]), Some(SignerError::Usage))]
fn the_certificate_is_for_signatures_and_valid(
    #[case] params: CertificateParams,
    #[case] error: Option<SignerError>,
) {
    let (key, certificate) = pair(&params);
    assert_eq!(refused(&key, &certificate), error);
}
