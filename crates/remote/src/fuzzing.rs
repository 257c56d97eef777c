//! Entry points for the fuzz targets, to the code that reads what tenants and their servers write. Nothing else uses
//! them.

use std::collections::BTreeMap;
#[cfg(feature = "git")]
use std::collections::BTreeSet;

use k8s_openapi::ByteString;
#[cfg(feature = "git")]
use russh::keys::PublicKey;

#[cfg(feature = "git")]
use crate::git::{fuzz_conversation, fuzz_judge, fuzz_key};
use crate::registry::{Account, RegistryConfig, fuzz_challenge};

/// Checks a host key against a `known_hosts` file. The key is taken from a line of the file, if there is one.
#[cfg(feature = "git")]
pub fn known_hosts(file: &str, host: &str, port: u16) {
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    if let Ok(key) = PublicKey::from_openssh(KEY) {
        fuzz_judge(file, host, port, &key);
    }
}

/// Reads a private key, if this takes little time.
#[cfg(feature = "git")]
pub fn private_key(text: &str, passphrase: Option<&str>) {
    fuzz_key(text, passphrase);
}

/// Reads the answer of a Git server, which arrives in pieces.
#[cfg(feature = "git")]
pub fn advertisement(references: &BTreeSet<String>, pieces: &[Vec<u8>]) {
    fuzz_conversation(references, pieces);
}

/// Reads the challenge of a registry and the address of its token server, and checks whether that address may be
/// contacted.
pub fn challenge(header: &str) {
    fuzz_challenge(header);
}

/// Reads the address of a registry from a Secret. Only its host, port and path may reach the URL that is contacted.
///
/// # Panics
/// If the URL holds anything else.
pub fn account(address: &[u8], username: &[u8], password: &[u8]) {
    let data = [("registryAddress", address), ("username", username), ("password", password)];
    let data: BTreeMap<_, _> =
        data.into_iter().map(|(key, value)| (key.to_owned(), ByteString(value.to_vec()))).collect();
    if let Ok(account) = Account::of(data, &RegistryConfig::default()) {
        let host = account.url.strip_prefix("https://").and_then(|rest| rest.strip_suffix("/v2/"));
        let is_host =
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '\\', '?', '#', '@', '%']));
        assert!(is_host, "{} is asked", account.url);
    }
}
