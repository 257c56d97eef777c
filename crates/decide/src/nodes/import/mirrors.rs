//! Mirrors by host, and logins and trust by address: the form that k3s and containerd 1.x share.

use std::collections::btree_map::Entry;

use policy::container_registries::{
    Address, Credentials, DOCKER_HUB_API, Endpoint, Fallback, Host, Registry, Scheme, Tree,
};

use super::fields::Fields;
use super::url::{self, Paths};
use super::{Imported, authorities, credentials};
use crate::nodes::files::Files;

/// What differs between the formats.
pub(super) struct Format<'a> {
    pub(super) paths: Paths,
    /// The key of a token.
    pub(super) token: &'static str,
    /// Whether the settings of `docker.io` are for the address of Docker Hub, and those of `*` for all addresses.
    pub(super) has_aliases: bool,
    /// Where authorities are.
    pub(super) files: &'a Files,
    /// The folder of the file.
    pub(super) folder: &'a str,
}

/// What is known of an address.
#[derive(Default)]
struct Settings {
    credentials: Option<Credentials>,
    ca: Option<String>,
    skip_verify: bool,
}

/// Reads `mirrors`, `configs` and what is deprecated beside them.
pub(super) fn read(imported: &mut Imported, root: &Fields, format: &Format) {
    if let Some(mirrors) = root.map(imported, "mirrors") {
        for (name, mirror, place) in mirrors.members() {
            read_mirror(imported, name, mirror, &place, format);
        }
    }
    if let Some(configs) = root.map(imported, "configs") {
        for (name, config, place) in configs.members() {
            let Some(config) = Fields::new(imported, config, place) else { continue };
            let settings = read_config(imported, &config, format);
            apply(imported, name, &config, &settings, format);
        }
    }
    root.leave_out(imported, "auths", "it is deprecated: write logins to configs");
}

fn read_mirror(imported: &mut Imported, name: &str, mirror: &Tree, place: &str, format: &Format) {
    let host = match Host::parse(name) {
        Ok(host) => host,
        Err(error) => return imported.errors.push(format!("{place}: {error}")),
    };
    let Some(fields) = Fields::new(imported, mirror, place.to_owned()) else { return };
    fields.only(imported, &["endpoint", "rewrite"]);
    fields.leave_out(imported, "rewrite", "names of images cannot be rewritten");
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (index, url) in fields.texts(imported, "endpoint").unwrap_or_default().into_iter().enumerate() {
        let path = fields.at(&format!("endpoint[{index}]"));
        match url::endpoint(url, format.paths) {
            Ok(endpoint) if endpoints.iter().any(|known| known.is_at_same_place_as(&endpoint)) => {
                imported.left_out.push(format!("{path}: it is there already"));
            }
            Ok(endpoint) => endpoints.push(endpoint),
            Err(error) => imported.errors.push(format!("{path}: {error}")),
        }
    }
    if endpoints.is_empty() {
        return imported.left_out.push(format!("{place}: there is no endpoint"));
    }
    match imported.registries.0.entry(host) {
        Entry::Occupied(known) => {
            imported.left_out.push(format!("{place}: {} is there already", known.key()));
        }
        Entry::Vacant(place) => {
            place.insert(Registry { endpoints, fallback: Fallback::Upstream });
        }
    }
}

fn read_config(imported: &mut Imported, config: &Fields, format: &Format) -> Settings {
    config.only(imported, &["auth", "tls"]);
    let mut settings = Settings::default();
    if let Some(auth) = config.map(imported, "auth") {
        settings.credentials = credentials::read(imported, &auth, format.token);
    }
    let Some(tls) = config.map(imported, "tls") else { return settings };
    tls.only(imported, &["ca_file", "cert_file", "key_file", "insecure_skip_verify"]);
    for key in ["cert_file", "key_file"] {
        tls.leave_out(imported, key, "certificates of clients cannot be kept");
    }
    settings.skip_verify = tls.flag(imported, "insecure_skip_verify");
    if let Some(path) = tls.text(imported, "ca_file") {
        settings.ca = authorities(format.files, format.folder, path);
        if settings.ca.is_none() {
            tls.leave_out(imported, "ca_file", "no file with certificates of this name was given");
        }
    }
    settings
}

/// Sets what is known of an address at all its endpoints. Images that name the address use it, too.
fn apply(imported: &mut Imported, name: &str, config: &Fields, settings: &Settings, format: &Format) {
    if settings.credentials.is_none() && settings.ca.is_none() && !settings.skip_verify {
        return;
    }
    let everywhere = name == "*" && format.has_aliases;
    let address = match Address::parse(name) {
        _ if everywhere => None,
        Ok(address) => Some(address),
        Err(error) => {
            let path = config.at("");
            return imported.errors.push(format!("{}: {error}", path.trim_end_matches('.')));
        }
    };
    let is_meant = |endpoint: &Endpoint| {
        address.as_ref().is_none_or(|address| {
            let is_hub = format.has_aliases && address.is_docker_hub() && endpoint.address.is_docker_hub();
            is_hub || endpoint.address.authority() == address.authority()
        })
    };
    let endpoints = imported.registries.0.values_mut().flat_map(|registry| &mut registry.endpoints);
    for endpoint in endpoints.filter(|endpoint| is_meant(endpoint)) {
        set(endpoint, settings);
    }
    if let Some(address) = address {
        add_host(imported, &address, settings);
    }
}

/// An endpoint for the registry at an address itself, which has no mirrors or is asked after them.
fn add_host(imported: &mut Imported, address: &Address, settings: &Settings) {
    let hub = Address::parse(DOCKER_HUB_API).ok().filter(|_| address.is_docker_hub());
    let Ok(host) = Host::parse(&address.authority()) else { return };
    let mut endpoint = Endpoint::at(hub.unwrap_or_else(|| address.clone()));
    set(&mut endpoint, settings);
    let registry = imported.registries.0.entry(host.clone()).or_default();
    if !registry.endpoints.iter().any(|known| known.is_upstream_of(&host)) {
        registry.endpoints.push(endpoint);
    }
}

fn set(endpoint: &mut Endpoint, settings: &Settings) {
    endpoint.credentials = endpoint.credentials.take().or_else(|| settings.credentials.clone());
    if endpoint.scheme == Scheme::Https {
        endpoint.ca = endpoint.ca.take().or_else(|| settings.ca.clone());
        endpoint.skip_verify |= settings.skip_verify;
    }
}
