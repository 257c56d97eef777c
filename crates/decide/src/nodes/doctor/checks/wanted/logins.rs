//! Whether the credential provider of the kubelet reads the logins that were asked for.

use policy::container_registries::Registries;

use super::super::super::finding::{Finding, Place};
use super::super::super::tree::{Entry, Tree};
use crate::nodes::credentials_file::{CredentialsFile, DEFAULT_PATH};
use crate::nodes::render::credential_provider;

/// What helps where something differs.
const REMEDY: &str =
    "write what was asked for: `serverless-webhook render --to credential-provider` prints it";

/// Compares the file with what was asked for. A node without the file has its logins elsewhere.
pub(super) fn check(tree: &Tree, wanted: &Registries) -> Vec<Finding> {
    let text = match tree.get(DEFAULT_PATH) {
        Some(Entry::File(file)) => file.text.reveal(),
        Some(Entry::NotText(_)) => {
            return vec![Place::whole(DEFAULT_PATH).error("is no UTF-8", REMEDY)];
        }
        _ => return Vec::new(),
    };
    let found: CredentialsFile = match serde_json::from_str(text) {
        Ok(found) => found,
        Err(error) => {
            let problem = "is no file of logins: the kubelet gets none";
            return vec![Place::line(DEFAULT_PATH, error.line().max(1)).error(problem, REMEDY)];
        }
    };
    // What the format cannot hold is said where it is rendered.
    let wanted = credential_provider::logins(wanted, &mut Vec::new()).registries;
    let place = |host: &str| Place::line(DEFAULT_PATH, line_of(text, host));
    let missing = wanted.iter().filter_map(|(host, login)| {
        let problem = match found.registries.get(host) {
            None => format!("holds no login for {host}"),
            Some(found) if found != login => format!("holds another login for {host}"),
            Some(_) => return None,
        };
        Some(place(host).error(problem, REMEDY))
    });
    let unwanted = found.registries.keys().filter(|host| !wanted.contains_key(*host));
    let unwanted = unwanted
        .map(|host| place(host).warning(format!("holds a login for {host}, which nobody asked for"), REMEDY));
    missing.chain(unwanted).collect()
}

/// The line on which the login of a host begins, or the first one.
fn line_of(text: &str, host: &str) -> usize {
    let key = format!("\"{host}\"");
    text.lines().position(|line| line.trim_start().starts_with(&key)).map_or(1, |index| index + 1)
}
