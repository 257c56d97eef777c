//! An endpoint: where it is, and how it is spoken to.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use x509_parser::pem::Pem;

use super::credentials;
use super::reader::{Reader, member};
use crate::container_registries::dial_timeout;
use crate::container_registries::host::{Address, AddressError, DOCKER_HUB_API};
use crate::container_registries::model::{Capability, Endpoint, Scheme};
use crate::container_registries::tree::Tree;
use crate::rule::Rule;
use crate::violation::Violation;

pub(super) const ENDPOINT: &str = "endpoint";
const CREDENTIALS: &str = "credentials";
const INSECURE: &str = "insecure";
const SKIP_VERIFY: &str = "skipVerify";
const OVERRIDE_PATH: &str = "overridePath";
const CA: &str = "ca";
const CAPABILITIES: &str = "capabilities";
const DIAL_TIMEOUT: &str = "dialTimeout";
/// All keys of an endpoint.
const KEYS: [&str; 8] =
    [ENDPOINT, CREDENTIALS, INSECURE, SKIP_VERIFY, OVERRIDE_PATH, CA, CAPABILITIES, DIAL_TIMEOUT];

/// Reads an item of the list of a host; none if it has no valid address.
pub(super) fn read(reader: &mut Reader, item: &Tree, path: &str) -> Option<Endpoint> {
    let members = reader.members(item, path)?;
    reader.only(members, path, &KEYS, |_| true);
    let override_path = reader.flag(item, path, OVERRIDE_PATH).unwrap_or_default();
    let address = address(reader, item, path, override_path);
    let is_plain = reader.flag(item, path, INSECURE).unwrap_or_default();
    let skip_verify = reader.flag(item, path, SKIP_VERIFY).unwrap_or_default();
    let ca = reader.text(item, path, CA).filter(|ca| {
        let checked = check_ca(ca, reader.now);
        if let Err(must) = checked {
            reader.refuse(Rule::EndpointCa, member(path, CA), must);
        }
        checked.is_ok()
    });
    let credentials =
        item.get(CREDENTIALS).and_then(|value| credentials::read(reader, value, &member(path, CREDENTIALS)));
    let capabilities = capabilities(reader, item, path);
    let dial_timeout = dial_timeout(reader, item, path);
    if is_plain {
        let why = "there is no TLS with insecure: true";
        for key in [SKIP_VERIFY, CA].into_iter().filter(|key| match *key {
            SKIP_VERIFY => skip_verify,
            _ => ca.is_some(),
        }) {
            let violation = Violation::forbidden(Rule::EndpointInsecure, member(path, key), why);
            reader.violations.push(violation);
        }
        if credentials.is_some() {
            let why = "insecure: true sends them in clear: use TLS, with ca or skipVerify if need be";
            let violation = Violation::forbidden(Rule::CredentialsOverHttp, member(path, CREDENTIALS), why);
            reader.violations.push(violation);
        }
    }
    Some(Endpoint {
        scheme: if is_plain { Scheme::Http } else { Scheme::Https },
        skip_verify,
        override_path,
        credentials,
        ca: ca.map(str::to_owned),
        capabilities,
        dial_timeout,
        ..Endpoint::at(address?)
    })
}

fn address(reader: &mut Reader, item: &Tree, path: &str, override_path: bool) -> Option<Address> {
    let field = member(path, ENDPOINT);
    let before = reader.violations.len();
    let Some(text) = reader.text(item, path, ENDPOINT) else {
        if reader.violations.len() == before {
            let what_for = "host[:port] of a registry, such as registry-1.docker.io";
            reader.violations.push(Violation::required(Rule::EndpointMissing, field, what_for));
        }
        return None;
    };
    let parsed = Address::parse(text).and_then(|address| {
        let is_allowed = override_path || address.path().is_empty();
        if is_allowed { Ok(address) } else { Err(AddressError::Path) }
    });
    match parsed {
        // No other name of Docker Hub answers.
        Ok(address) if address.is_docker_hub() && address.path().is_empty() => {
            Address::parse(DOCKER_HUB_API).ok()
        }
        Ok(address) => Some(address),
        Err(error) => {
            reader.refuse(Rule::EndpointInvalid, field, error.as_str());
            None
        }
    }
}

fn capabilities(reader: &mut Reader, item: &Tree, path: &str) -> BTreeSet<Capability> {
    let default = [Capability::Pull, Capability::Resolve].into();
    let Some(value) = item.get(CAPABILITIES) else { return default };
    let field = member(path, CAPABILITIES);
    let Some(items) = reader.items(value, &field) else { return default };
    let mut found = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let name = if let Tree::Text(name) = item { name.as_str() } else { "" };
        if let Some(known) = Capability::ALL.into_iter().find(|known| known.as_str() == name) {
            found.insert(known);
        } else {
            let must = "must be pull, resolve or push";
            reader.refuse(Rule::EndpointCapabilities, format!("{field}[{index}]"), must);
        }
    }
    if items.is_empty() {
        let what_for = "at least one of pull, resolve and push";
        reader.violations.push(Violation::required(Rule::EndpointCapabilities, field, what_for));
    }
    found
}

fn dial_timeout(reader: &mut Reader, item: &Tree, path: &str) -> Option<Duration> {
    let text = reader.text(item, path, DIAL_TIMEOUT)?;
    let parsed = dial_timeout::parse(text);
    if parsed.is_none() {
        let must = "must be a duration from 1ms to 10m, such as 500ms or 1s";
        reader.refuse(Rule::EndpointDialTimeout, member(path, DIAL_TIMEOUT), must);
    }
    parsed
}

/// What the text of authorities must be, if it is not.
fn check_ca(text: &str, now: Timestamp) -> Result<(), &'static str> {
    const MUST: &str =
        "must be one or more certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE";
    let mut is_empty = true;
    for pem in Pem::iter_from_buffer(text.as_bytes()) {
        let pem = pem.map_err(|_| MUST)?;
        if pem.label != "CERTIFICATE" {
            return Err("must hold certificates alone: no key and no request");
        }
        let certificate = pem.parse_x509().map_err(|_| MUST)?;
        if certificate.validity().not_after.timestamp() < now.as_second() {
            return Err("must hold no certificate that has expired");
        }
        is_empty = false;
    }
    if is_empty { Err(MUST) } else { Ok(()) }
}
