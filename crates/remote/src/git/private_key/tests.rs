#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use rstest::rstest;
use russh::keys::ssh_key::{Cipher, LineEnding};

use super::*;

/// `openssl genpkey -algorithm ed25519`.
const PLAIN: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIL/Ue+JUmpn9YQCRVJ4uvIeVTVqwP4JAqTiyQ67GMUcW
-----END PRIVATE KEY-----
";

/// A key whose passphrase has this number of key derivation rounds.
fn locked(rounds: u32) -> String {
    let key = load(PLAIN, None).unwrap();
    let kdf = OpensshKdf::Bcrypt { salt: vec![7; 16], rounds: rounds.min(1) };
    let key = key.encrypt_with(Cipher::Aes256Ctr, kdf, 42, "open sesame").unwrap();
    let mut bytes = key.to_bytes().unwrap().to_vec();
    // The number of rounds follows the salt.
    let salt = bytes.windows(16).position(|window| window == [7; 16]).unwrap();
    bytes.splice(salt + 16..salt + 20, rounds.to_be_bytes());
    pem("OPENSSH PRIVATE KEY", &bytes)
}

fn pem(label: &str, bytes: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(bytes))
}

/// The head of an encrypted PKCS #8 key with these parameters: `(tag, content)` of the key derivation function.
fn pkcs8(kdf: &[u8]) -> String {
    let aes_iv = [0x04, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let aes = sequence(&[&[0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 1, 0x2a], &aes_iv[..]].concat());
    let pbes2 = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d];
    let parameters = sequence(&[kdf, &aes].concat());
    let scheme = sequence(&[&pbes2[..], &parameters].concat());
    let data = [&[0x04, 16][..], &[0; 16]].concat();
    pem("ENCRYPTED PRIVATE KEY", &sequence(&[scheme, data].concat()))
}

fn sequence(content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let head = if length < 128 { vec![0x30, length] } else { vec![0x30, 0x81, length] };
    [head.as_slice(), content].concat()
}

fn pbkdf2(iterations: u32) -> String {
    let oid = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c];
    let salt = [0x04, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    let bytes = iterations.to_be_bytes();
    let digits: Vec<_> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let number = [&[0x02, u8::try_from(digits.len()).unwrap()][..], &digits].concat();
    let parameters = sequence(&[&salt[..], &number].concat());
    pkcs8(&sequence(&[&oid[..], &parameters].concat()))
}

/// A cost of 2^30: a tebibyte of memory.
fn scrypt() -> String {
    let oid = [0x06, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 0x0b];
    let parameters = [0x04, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x02, 4, 0x40, 0, 0, 0, 0x02, 1, 8, 0x02, 1, 1];
    pkcs8(&sequence(&[&oid[..], &sequence(&parameters)].concat()))
}

/// A key that demands all the memory that there is.
const PUTTY: &str = "PuTTY-User-Key-File-3: ssh-ed25519
Encryption: aes256-cbc
Comment: x
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9O
IeZJ
Key-Derivation: Argon2id
Argon2-Memory: 4294967295
Argon2-Passes: 4294967295
Argon2-Parallelism: 1
Argon2-Salt: 00000000000000000000000000000000
Private-Lines: 1
AAAA
Private-MAC: 00
";

/// A key can demand the time that it takes to open it. Such a key is refused.
#[rstest]
#[case::rounds(
    locked(u32::MAX / 2 + 1),
    "takes too long to decrypt (2147483648 rounds; 128 are allowed): encrypt it anew, by `ssh-keygen -p -a 24 -f KEY`"
)]
#[case::rounds_beyond_the_bound(
    locked(129),
    "takes too long to decrypt (129 rounds; 128 are allowed): encrypt it anew, by `ssh-keygen -p -a 24 -f KEY`"
)]
#[case::iterations(
    pbkdf2(0x7fff_ffff),
    "takes too long to decrypt (2147483647 rounds; 1000000 are allowed): encrypt it anew, by `ssh-keygen -p -a 24 -f KEY`"
)]
#[case::memory(
    scrypt(),
    "is encrypted in a way that is not read: encrypt it anew, by `ssh-keygen -p -f KEY`"
)]
#[case::memory_of_putty(PUTTY.to_owned(), "cannot be read: it must be a private key as OpenSSH or PEM")]
#[case::length(" ".repeat(16 * 1024 + 1), "is longer than 16384 bytes: take an Ed25519 key")]
#[case::nothing(String::new(), "cannot be read: it must be a private key as OpenSSH or PEM")]
#[case::public("ssh-ed25519 AAAA".to_owned(), "cannot be read: it must be a private key as OpenSSH or PEM")]
#[case::no_base64(PLAIN.replace("MC4", "?C4"), "cannot be read: it must be a private key as OpenSSH or PEM")]
#[case::old_encryption(
    "-----BEGIN EC PRIVATE KEY-----\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----".to_owned(),
    "is encrypted in a way that is not read: encrypt it anew, by `ssh-keygen -p -f KEY`"
)]
fn what_takes_too_much_is_not_decoded(#[case] text: String, #[case] expected: &str) {
    let started = Instant::now();
    assert_eq!(load(&text, Some("x")).unwrap_err().to_string(), expected);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn keys_of_all_kinds_are_read() {
    let key = load(PLAIN, None).unwrap();
    // A passphrase that is not needed does no harm, and neither does a blank line in front.
    assert_eq!(load(&format!("\n{PLAIN}"), Some("x")).unwrap(), key);
    let text = key.to_openssh(LineEnding::CRLF).unwrap();
    assert_eq!(load(&text, None).unwrap(), key);
    assert_eq!(load(&locked(1), None), Err(KeyError::NeedsPassphrase));
    assert_eq!(load(&locked(1), Some("shut")), Err(KeyError::Passphrase));
    assert_eq!(load(&locked(1), Some("open sesame")).unwrap().key_data(), key.key_data());
    assert_eq!(load(&pbkdf2(2048), None), Err(KeyError::NeedsPassphrase));
    assert_eq!(load(&pbkdf2(2048), Some("shut")), Err(KeyError::Passphrase));
}
