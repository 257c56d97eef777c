//! Doors for the fuzz targets: what tenants and their servers write, to the code that reads it. Nothing else uses them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::ByteString;
use russh::keys::PublicKey;

use crate::git::{fuzz_conversation, fuzz_judge, fuzz_key};
use crate::registry::{Account, RegistryConfig, fuzz_challenge};

/// Judges a host key by a `known_hosts` file. It is the key of a line of the file, where there is one.
pub fn known_hosts(file: &str, host: &str, port: u16) {
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    if let Ok(key) = PublicKey::from_openssh(KEY) {
        fuzz_judge(file, host, port, &key);
    }
}

/// Reads a private key; only what takes little time.
pub fn private_key(text: &str, passphrase: Option<&str>) {
    fuzz_key(text, passphrase);
}

/// Hears a Git server, whose answer comes in pieces.
pub fn advertisement(references: &BTreeSet<String>, pieces: &[Vec<u8>]) {
    fuzz_conversation(references, pieces);
}

/// Reads the challenge of a registry, and where it sends for a token. Whether anybody may be asked there.
pub fn challenge(header: &str) {
    fuzz_challenge(header);
}

/// Reads the address of a registry from a Secret: nothing of it but host, port and path is in the URL that is asked.
///
/// # Panics
/// If there is anything else in it.
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
