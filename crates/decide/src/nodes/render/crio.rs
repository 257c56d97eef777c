//! Files for CRI-O and Podman below `/etc/containers`: `registries.conf.d`, logins in docker's format, and authorities.

mod conflicts;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::container_registries::{
    Capability, Credentials, DOCKER_HUB, Endpoint, Fallback, HiddenText, Host, Registries, Registry, Scheme,
};
use policy::registries::RegistryAddress;
use serde::Serialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::loss;
use crate::nodes::files::{Files, Rendered};
use crate::nodes::hidden;

/// The file of mirrors.
pub const CONFIG: &str = "registries.conf.d/50-container-registries.conf";
/// The file of logins, `global_auth_file` of CRI-O.
pub const AUTH: &str = "auth.json";

/// What stands for the registry of a host from which nothing may be pulled.
const NOWHERE: &str = "blocked.invalid";
/// What stands for a user that is none, where a token is all there is.
const NO_USER: &str = "<token>";

#[derive(Default, Serialize)]
struct AuthFile {
    auths: BTreeMap<String, Auth>,
}

#[derive(Eq, PartialEq, Serialize)]
struct Auth {
    #[serde(serialize_with = "hidden::serialize")]
    auth: HiddenText,
    #[serde(skip_serializing_if = "Option::is_none")]
    identitytoken: Option<Token>,
}

#[derive(Eq, PartialEq, Serialize)]
struct Token(#[serde(serialize_with = "hidden::serialize")] HiddenText);

/// All files.
#[must_use]
pub fn render(registries: &Registries) -> Rendered {
    let mut writer = Writer::default();
    let mut tables = ArrayOfTables::new();
    for (host, registry) in &registries.0 {
        if host.is_any() {
            let text = "the format has no mirrors for all other hosts, so they are left out";
            writer.losses.push(format!("{host}: {text}"));
            continue;
        }
        tables.push(writer.registry(host, registry));
    }
    conflicts::resolve(&mut tables, &mut writer.losses);
    let mut document = DocumentMut::new();
    if !tables.is_empty() {
        document.insert("registry", Item::ArrayOfTables(tables));
    }
    writer.files.0.insert(CONFIG.to_owned(), HiddenText::new(document.to_string()));
    if !writer.auth.auths.is_empty() {
        // Maps of texts always become JSON.
        let text = serde_json::to_string_pretty(&writer.auth).unwrap_or_default() + "\n";
        writer.files.0.insert(AUTH.to_owned(), HiddenText::new(text));
    }
    Rendered { files: writer.files, losses: writer.losses }
}

#[derive(Default)]
struct Writer {
    files: Files,
    auth: AuthFile,
    losses: Vec<String>,
}

/// An endpoint and where the repositories are that it serves.
struct Place<'a> {
    index: usize,
    endpoint: &'a Endpoint,
    location: String,
}

impl Writer {
    fn registry(&mut self, host: &Host, registry: &Registry) -> Table {
        let mut places = self.places(host, registry);
        let mut table = Table::new();
        table.insert("prefix", value(host.as_str()));
        if registry.fallback == Fallback::Upstream {
            table.insert("location", value(host.as_str()));
            let upstream = registry.endpoints.iter().find(|endpoint| endpoint.is_upstream_of(host));
            if upstream.is_some_and(is_insecure) {
                table.insert("insecure", value(true));
            }
        } else if let Some(last) = places.pop() {
            if last.endpoint.capabilities.iter().eq(&[Capability::Pull]) {
                let text = "what is asked last is used for everything";
                self.losses.push(loss(host, last.index, "capabilities", text));
            }
            self.endpoint(host, last, &mut table);
        } else {
            // Not the host: another one may use it, and CRI-O reads no file in which a registry is blocked here alone.
            table.insert("location", value(NOWHERE));
            table.insert("blocked", value(true));
        }
        let mut mirrors = ArrayOfTables::new();
        for place in places {
            let mut mirror = Table::new();
            let is_for_digests = place.endpoint.capabilities.iter().eq(&[Capability::Pull]);
            self.endpoint(host, place, &mut mirror);
            if is_for_digests {
                mirror.insert("pull-from-mirror", value("digest-only"));
            }
            mirrors.push(mirror);
        }
        if !mirrors.is_empty() {
            table.insert("mirror", Item::ArrayOfTables(mirrors));
        }
        table
    }

    /// The endpoints whose places the format can express.
    fn places<'a>(&mut self, host: &Host, registry: &'a Registry) -> Vec<Place<'a>> {
        let mut places = Vec::new();
        for (index, endpoint) in registry.endpoints.iter().enumerate() {
            if let Some(location) = location(endpoint) {
                places.push(Place { index, endpoint, location });
            } else {
                let text = "CRI-O asks for names of images below /v2/ alone, so the endpoint is left out";
                self.losses.push(loss(host, index, "endpoint", text));
            }
        }
        places
    }

    /// Writes where an endpoint is, and how it is trusted and logged in to.
    fn endpoint(&mut self, host: &Host, place: Place, table: &mut Table) {
        let Place { index, endpoint, location } = place;
        table.insert("location", value(&location));
        if is_insecure(endpoint) {
            table.insert("insecure", value(true));
        }
        if endpoint.skip_verify {
            self.losses.push(loss(host, index, "skipVerify", "insecure allows plain HTTP, too"));
        }
        if endpoint.dial_timeout.is_some() {
            self.losses.push(loss(host, index, "dialTimeout", "the format has none"));
        }
        if endpoint.capabilities.contains(&Capability::Push)
            || !endpoint.capabilities.contains(&Capability::Pull)
        {
            let text = "mirrors are used for pull alone, or for pull and resolve";
            self.losses.push(loss(host, index, "capabilities", text));
        }
        self.trust(host, index, endpoint);
        self.log_in(host, index, endpoint, location);
    }

    fn trust(&mut self, host: &Host, index: usize, endpoint: &Endpoint) {
        let Some(ca) = &endpoint.ca else { return };
        let path = format!("certs.d/{}/ca.crt", endpoint.address.authority());
        let ca = HiddenText::new(ca);
        if self.files.0.entry(path).or_insert_with(|| ca.clone()) != &ca {
            self.losses.push(loss(host, index, "ca", "its address has another one already"));
        }
    }

    fn log_in(&mut self, host: &Host, index: usize, endpoint: &Endpoint, location: String) {
        let Some(credentials) = &endpoint.credentials else { return };
        let login = match credentials {
            Credentials::Basic { username, password } => (username.as_str(), password.reveal()),
            Credentials::IdentityToken(_) => (NO_USER, ""),
        };
        let login = HiddenText::new(format!("{}:{}", login.0, login.1));
        let identitytoken = match credentials {
            Credentials::Basic { .. } => None,
            Credentials::IdentityToken(token) => Some(Token(token.clone())),
        };
        let auth = Auth { auth: HiddenText::new(STANDARD.encode(login.reveal())), identitytoken };
        if let Some(known) = self.auth.auths.get(&location) {
            if *known != auth {
                self.losses.push(loss(host, index, "credentials", "its address has other ones already"));
            }
            return;
        }
        self.auth.auths.insert(location, auth);
    }
}

/// Where the repositories are that an endpoint serves, as the name of an image begins. The API is always below `/v2/`.
fn location(endpoint: &Endpoint) -> Option<String> {
    if endpoint.address.is_docker_hub() {
        return Some(DOCKER_HUB.to_owned());
    }
    let authority = endpoint.address.authority();
    let location = match (endpoint.address.path(), endpoint.override_path) {
        ("", false) | ("/v2", true) => authority,
        (path, true) => format!("{authority}/{}", path.strip_prefix("/v2/")?),
        (_, false) => return None,
    };
    // CRI-O would pull nothing at all from a registry with another mirror.
    let is_in_names = RegistryAddress::parse(&location).is_ok_and(|parsed| parsed.host().is_some());
    (is_in_names && !location.starts_with('[')).then_some(location)
}

fn is_insecure(endpoint: &Endpoint) -> bool {
    endpoint.skip_verify || endpoint.scheme == Scheme::Http
}

#[cfg(test)]
mod tests;
