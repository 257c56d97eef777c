//! Look-ups of references, and the credentials and keys that they need.

use std::collections::BTreeSet;
use std::time::Duration;

use remote::git::{Credentials, GitConfig, RemoteAnswer, ask};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::rand_core::UnwrapErr;
use russh::keys::{Algorithm, PrivateKey};
use zeroize::Zeroizing;

use crate::harness::git_servers::ACCOUNT;

pub fn config() -> GitConfig {
    GitConfig { timeout: Duration::from_secs(10), ..GitConfig::default() }
}

pub async fn asked(
    url: &str,
    credentials: &Credentials,
    references: &[&str],
) -> Result<RemoteAnswer, String> {
    let references: BTreeSet<_> = references.iter().map(|&reference| reference.to_owned()).collect();
    ask(url, credentials, &references, &config()).await.map_err(|error| error.to_string())
}

pub fn basic(password: &str) -> Credentials {
    Credentials::Basic { username: ACCOUNT.0.to_owned(), password: Zeroizing::new(password.to_owned()) }
}

pub fn new_key(algorithm: Algorithm) -> PrivateKey {
    PrivateKey::random(&mut UnwrapErr(getrandom::SysRng), algorithm).unwrap()
}

pub fn text(key: &PrivateKey) -> Zeroizing<String> {
    key.to_openssh(LineEnding::LF).unwrap()
}

pub fn key(key: Zeroizing<String>, passphrase: Option<&str>, known_hosts: Option<&str>) -> Credentials {
    Credentials::Key {
        key,
        passphrase: passphrase.map(|text| Zeroizing::new(text.to_owned())),
        known_hosts: known_hosts.map(str::to_owned),
        recorded: String::new(),
    }
}
