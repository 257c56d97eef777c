//! Keys with certificates: of the authority that registries trust, and of another one.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use registry::sign::Signer;
use tempfile::TempDir;

/// All keys.
pub struct Keys {
    folder: TempDir,
    /// The key that signs.
    pub ours: Signer,
    pub our_key: KeyPair,
    /// The certificate of another key of the same authority.
    pub other_certificate: Vec<u8>,
    /// A key of an authority of the same name that registries do not trust.
    pub foreign: Signer,
    /// A key of the right authority whose certificate has expired.
    pub expired: Signer,
}

impl Keys {
    pub fn new() -> Self {
        let (trusted, other) = (issuer(), issuer());
        let now = Timestamp::now();
        let folder = TempDir::new().unwrap();
        fs::write(authority(folder.path()), trusted.pem()).unwrap();
        let [our_key, foreign_key, expired_key] = [(); 3].map(|()| KeyPair::generate().unwrap());
        let (ours, foreign) = (leaf(&our_key, &trusted, 2030), leaf(&foreign_key, &other, 2030));
        let expired = leaf(&expired_key, &trusted, 2020);
        let signer = |key: &KeyPair, certificate: &rcgen::Certificate, now| {
            Signer::new(&key.serialize_pem(), &certificate.pem(), now).unwrap()
        };
        let long_ago = "2019-06-01T00:00:00Z".parse().unwrap();
        Self {
            folder,
            ours: signer(&our_key, &ours, now),
            other_certificate: leaf(&KeyPair::generate().unwrap(), &trusted, 2030).der().to_vec(),
            foreign: signer(&foreign_key, &foreign, now),
            expired: signer(&expired_key, &expired, long_ago),
            our_key,
        }
    }

    /// The file that registries trust.
    pub fn authority(&self) -> PathBuf {
        authority(self.folder.path())
    }
}

fn authority(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "tokens");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(key: &KeyPair, issuer: &CertifiedIssuer<'_, KeyPair>, until: i32) -> rcgen::Certificate {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.signed_by(key, issuer).unwrap()
}
