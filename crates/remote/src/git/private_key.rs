//! Private keys from Secrets. Tenants write them, so a key is decoded only if this takes little time and memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Decode as _;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::ssh_key::{Kdf as OpensshKdf, PrivateKey};
use russh::keys::{decode_secret_key, pkcs8::decode_pkcs8};
use zeroize::Zeroizing;

/// The longest text of a key, in bytes: an RSA key of 8,192 bits has about 6,400.
const MAX_TEXT: usize = 16 * 1024;
/// The most rounds of key derivation for a passphrase: ssh-keygen uses 16 or 24. A round takes some milliseconds.
const MAX_ROUNDS: u32 = 128;
/// The same limit for PKCS #8: OpenSSL uses 2,048.
const MAX_ITERATIONS: u32 = 1_000_000;
/// The longest RSA key, in bits. The time of a signature grows with the cube of it.
const MAX_RSA_BITS: u32 = 8192;

/// Why a key is unusable: the end of a sentence about "the key of the Secret".
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum KeyError {
    #[error("is encrypted: put its passphrase under \"password\"")]
    NeedsPassphrase,
    #[error("cannot be read, or its passphrase under \"password\" is another one")]
    Passphrase,
    #[error("cannot be read: it must be a private key as OpenSSH or PEM")]
    Unreadable,
    #[error("is longer than {MAX_TEXT} bytes: take an Ed25519 key")]
    TooLong,
    #[error(
        "takes too long to decrypt ({0} rounds; {1} are allowed): encrypt it anew, by `ssh-keygen -p -a 24 -f KEY`"
    )]
    Rounds(u32, u32),
    #[error("is encrypted in a way that is not read: encrypt it anew, by `ssh-keygen -p -f KEY`")]
    Encryption,
    #[error("is an RSA key of {0} bits; at most {MAX_RSA_BITS} are used: take an Ed25519 key")]
    RsaBits(u32),
}

/// Reads and decrypts a key. Takes up to some seconds.
pub(super) fn load(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, KeyError> {
    if text.len() > MAX_TEXT {
        return Err(KeyError::TooLong);
    }
    let pem = Pem::of(text).ok_or(KeyError::Unreadable)?;
    let key = match pem.label {
        "OPENSSH PRIVATE KEY" => openssh(&pem.bytes()?, passphrase)?,
        "ENCRYPTED PRIVATE KEY" => encrypted(&pem.bytes()?, passphrase)?,
        "PRIVATE KEY" | "EC PRIVATE KEY" if !pem.is_encrypted() => {
            decode_pkcs8(&pem.bytes()?, None).map_err(|_| KeyError::Unreadable)?
        }
        // The old kind of encryption takes no time.
        "RSA PRIVATE KEY" if pem.is_encrypted() => {
            let passphrase = passphrase.ok_or(KeyError::NeedsPassphrase)?;
            decode_secret_key(&pem.text(), Some(passphrase)).map_err(|_| KeyError::Passphrase)?
        }
        "RSA PRIVATE KEY" => decode_secret_key(&pem.text(), None).map_err(|_| KeyError::Unreadable)?,
        "EC PRIVATE KEY" => return Err(KeyError::Encryption),
        // Among others PuTTY keys, which set the memory cost of their own encryption. ssh does not read them, either.
        _ => return Err(KeyError::Unreadable),
    };
    match key.key_data() {
        KeypairData::Rsa(rsa) if rsa.key_size() > MAX_RSA_BITS => Err(KeyError::RsaBits(rsa.key_size())),
        _ => Ok(key),
    }
}

fn openssh(bytes: &[u8], passphrase: Option<&str>) -> Result<PrivateKey, KeyError> {
    let key = PrivateKey::from_bytes(bytes).map_err(|_| KeyError::Unreadable)?;
    if !key.is_encrypted() {
        return Ok(key);
    }
    if let OpensshKdf::Bcrypt { rounds, .. } = key.kdf()
        && *rounds > MAX_ROUNDS
    {
        return Err(KeyError::Rounds(*rounds, MAX_ROUNDS));
    }
    let passphrase = passphrase.ok_or(KeyError::NeedsPassphrase)?;
    key.decrypt(passphrase).map_err(|_| KeyError::Passphrase)
}

fn encrypted(bytes: &[u8], passphrase: Option<&str>) -> Result<PrivateKey, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::from_der(bytes).map_err(|_| KeyError::Unreadable)?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::Encryption);
    };
    match &parameters.kdf {
        Kdf::Pbkdf2(kdf) if kdf.iteration_count <= MAX_ITERATIONS => {}
        Kdf::Pbkdf2(kdf) => return Err(KeyError::Rounds(kdf.iteration_count, MAX_ITERATIONS)),
        // Scrypt takes as much memory as the key demands.
        _ => return Err(KeyError::Encryption),
    }
    let passphrase = passphrase.ok_or(KeyError::NeedsPassphrase)?;
    decode_pkcs8(bytes, Some(passphrase.as_bytes())).map_err(|_| KeyError::Passphrase)
}

/// A block of a PEM text. It is parsed here so that no other parser sees anything else in the text.
struct Pem<'a> {
    label: &'a str,
    headers: Vec<&'a str>,
    body: Zeroizing<String>,
}

impl<'a> Pem<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let first = lines.by_ref().find(|line| !line.is_empty())?;
        let label = first.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
        let end = format!("-----END {label}-----");
        let (mut headers, mut body) = (Vec::new(), Zeroizing::new(String::with_capacity(text.len())));
        for line in lines.take_while(|line| *line != end) {
            if line.contains(':') { headers.push(line) } else { body.push_str(line) }
        }
        Some(Self { label, headers, body })
    }

    fn is_encrypted(&self) -> bool {
        self.headers.iter().any(|header| header.starts_with("DEK-Info:"))
    }

    fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = STANDARD.decode(self.body.as_bytes());
        bytes.map(Zeroizing::new).map_err(|_| KeyError::Unreadable)
    }

    fn text(&self) -> Zeroizing<String> {
        let (label, body) = (self.label, self.body.as_str());
        let mut text = Zeroizing::new(String::with_capacity(body.len() + 256));
        let headers = self.headers.iter().flat_map(|header| [*header, "\n"]);
        let lines = ["-----BEGIN ", label, "-----\n"].into_iter().chain(headers);
        lines.chain([body, "\n-----END ", label, "-----\n"]).for_each(|part| text.push_str(part));
        text
    }
}

#[cfg(test)]
mod tests;
