//! Registries that are contacted without TLS.

use std::collections::BTreeSet;

/// Whether a registry is one of those without TLS, which are listed as `host` or `host:port`. An IPv6 address may have its
/// brackets, or not.
#[must_use]
pub fn is_plain(listed: &BTreeSet<String>, host: &str, port: Option<u16>) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    listed.contains(&host) || port.is_some_and(|port| listed.contains(&format!("{host}:{port}")))
}
