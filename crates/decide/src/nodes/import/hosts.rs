//! A tree of `hosts.toml`, as `config_path` of containerd names it.

use std::collections::BTreeSet;
use std::time::Duration;

use policy::container_registries::{
    AddressError, Capability, Credentials, Endpoint, Fallback, Host, Registry, Scheme, Tree, dial_timeout,
};

use super::fields::Fields;
use super::url::{self, Paths};
use super::{Imported, authorities, credentials, toml};
use crate::nodes::files::Files;

const FILE_NAME: &str = "hosts.toml";
/// The keys of an endpoint, which the root has for the server, too.
const KEYS: [&str; 7] =
    ["capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout"];

/// Reads all folders: `docker.io/hosts.toml`.
#[must_use]
pub fn import(files: &Files) -> Imported {
    let mut imported = Imported::default();
    for path in files.0.keys() {
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        if name == FILE_NAME {
            import_file(&mut imported, files, path, folder);
        } else if [".crt", ".cert", ".key"].iter().any(|end| name.ends_with(end))
            && !files.0.contains_key(&format!("{folder}/{FILE_NAME}"))
        {
            imported.left_out.push(format!("{path}: folders in the form of Docker are not read"));
        }
    }
    imported
}

fn import_file(imported: &mut Imported, files: &Files, path: &str, folder: &str) {
    let host = match host_of(folder) {
        Ok(host) => host,
        Err(error) => return imported.errors.push(format!("{path}: the name of its folder {error}")),
    };
    let text = files.0.get(path).map_or("", |text| text.reveal());
    if text.trim().is_empty() {
        return imported.left_out.push(format!("{path}: it is empty, so containerd ignores it"));
    }
    let tree = match toml::parse(text) {
        Ok(tree) => tree,
        Err(error) => return imported.not_readable(path, &error),
    };
    let Some(root) = Fields::new(imported, &tree, format!("{path}: ")) else { return };
    root.only(imported, &[&KEYS[..], &["server", "host"]].concat());
    let reader = Reader { files, folder };
    let Some(registry) = reader.registry(imported, &root, &host) else { return };
    if imported.registries.0.contains_key(&host) {
        return imported.left_out.push(format!("{path}: {host} has another folder"));
    }
    imported.registries.0.insert(host, registry);
}

/// The host of a folder: `example.com:5000`, `example.com_5000_` or `_default`.
fn host_of(folder: &str) -> Result<Host, AddressError> {
    let name = folder.rsplit('/').next().unwrap_or_default();
    let with_port = name.strip_suffix('_').and_then(|name| name.rsplit_once('_'));
    match with_port {
        Some((host, port)) => Host::parse(&format!("{host}:{port}")),
        None => Host::parse(name),
    }
}

struct Reader<'a> {
    files: &'a Files,
    folder: &'a str,
}

impl Reader<'_> {
    fn registry(&self, imported: &mut Imported, root: &Fields, host: &Host) -> Option<Registry> {
        let mut registry = Registry::default();
        if let Some(hosts) = root.map(imported, "host") {
            for (url, table, place) in hosts.members() {
                let Some(fields) = Fields::new(imported, table, place.clone()) else { continue };
                fields.only(imported, &KEYS);
                match self.endpoint(imported, &fields, url) {
                    Ok(endpoint) if is_listed(&registry, &endpoint) => {
                        imported.left_out.push(format!("{place}: it is there already"));
                    }
                    Ok(endpoint) => registry.endpoints.push(endpoint),
                    Err(error) => imported.errors.push(format!("{place}: {error}")),
                }
            }
        }
        if let Some(url) = root.text(imported, "server") {
            match self.endpoint(imported, root, url) {
                Ok(server) if is_plain_upstream(&registry, root, &server, host) => {}
                Ok(server) => {
                    registry.fallback = Fallback::None;
                    // containerd would ask it twice.
                    if !is_listed(&registry, &server) {
                        registry.endpoints.push(server);
                    } else if !registry.endpoints.contains(&server) {
                        let why = "it is one of the hosts, whose settings are kept";
                        root.leave_out(imported, "server", why);
                    }
                }
                Err(error) => imported.errors.push(format!("{}: {error}", root.at("server"))),
            }
        }
        if registry.endpoints.is_empty() {
            imported
                .left_out
                .push(format!("{}: there is no endpoint but the registry itself", root.at("host")));
            return None;
        }
        Some(registry)
    }

    fn endpoint(
        &self,
        imported: &mut Imported,
        fields: &Fields,
        url: &str,
    ) -> Result<Endpoint, AddressError> {
        let override_path = fields.flag(imported, "override_path");
        let paths = if override_path { Paths::OfApi } else { Paths::BeforeApi };
        let endpoint = url::endpoint(url, paths)?;
        fields.leave_out(imported, "client", "certificates of clients cannot be kept");
        let mut skip_verify = fields.flag(imported, "skip_verify");
        let credentials = login(imported, fields);
        let mut ca = self.ca(imported, fields);
        if endpoint.scheme == Scheme::Http {
            for (key, is_set) in [("skip_verify", skip_verify), ("ca", ca.is_some())] {
                if is_set {
                    fields.leave_out(imported, key, "there is no TLS");
                }
            }
            (skip_verify, ca) = (false, None);
        }
        Ok(Endpoint {
            skip_verify,
            credentials,
            ca,
            capabilities: capabilities(imported, fields),
            dial_timeout: timeout(imported, fields),
            ..endpoint
        })
    }

    fn ca(&self, imported: &mut Imported, fields: &Fields) -> Option<String> {
        let mut all = String::new();
        for path in fields.texts(imported, "ca")? {
            let Some(ca) = authorities(self.files, self.folder, path) else {
                fields.leave_out(imported, "ca", "no file with certificates of this name was given");
                continue;
            };
            all.push_str(&ca);
        }
        Some(all).filter(|all| !all.is_empty())
    }
}

/// Whether the address of an endpoint is that of another one.
fn is_listed(registry: &Registry, endpoint: &Endpoint) -> bool {
    registry.endpoints.iter().any(|known| known.is_at_same_place_as(endpoint))
}

/// Whether the server is what containerd asks anyway: the registry itself, as the endpoint for it is spoken to.
fn is_plain_upstream(registry: &Registry, root: &Fields, server: &Endpoint, host: &Host) -> bool {
    let is_set =
        ["capabilities", "header", "override_path", "dial_timeout"].iter().any(|key| root.get(key).is_some());
    let listed = registry.endpoints.iter().find(|endpoint| endpoint.is_upstream_of(host));
    let is_trusted_alike = match listed {
        Some(listed) => (server.skip_verify, &server.ca) == (listed.skip_verify, &listed.ca),
        None => !server.skip_verify && server.ca.is_none(),
    };
    let is_bare = !server.skip_verify && server.ca.is_none();
    server.is_upstream_of(host) && !server.override_path && !is_set && (is_trusted_alike || is_bare)
}

fn capabilities(imported: &mut Imported, fields: &Fields) -> BTreeSet<Capability> {
    let Some(names) = fields.texts(imported, "capabilities").filter(|names| !names.is_empty()) else {
        return Capability::ALL.into();
    };
    let mut found = BTreeSet::new();
    for name in names {
        match Capability::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name)) {
            Some(known) => {
                found.insert(known);
            }
            None if name.eq_ignore_ascii_case("referrers") => {
                fields.leave_out(imported, "capabilities", "referrers cannot be kept");
            }
            None => {
                fields.refuse::<()>(imported, "capabilities", "must be pull, resolve, push or referrers");
            }
        }
    }
    found
}

fn timeout(imported: &mut Imported, fields: &Fields) -> Option<Duration> {
    let timeout = dial_timeout::parse(fields.text(imported, "dial_timeout")?);
    if timeout.is_none() {
        fields.leave_out(imported, "dial_timeout", "it is no duration from 1ms to 10m");
    }
    timeout
}

fn login(imported: &mut Imported, fields: &Fields) -> Option<Credentials> {
    let headers = fields.map(imported, "header")?;
    let mut login = None;
    for (name, value, place) in headers.members() {
        let value = match value {
            Tree::Text(text) => Some(text.as_str()),
            Tree::List(items) => match items.as_slice() {
                [Tree::Text(text)] => Some(text.as_str()),
                _ => None,
            },
            _ => None,
        };
        let is_login = name.eq_ignore_ascii_case("authorization");
        match value.filter(|_| is_login).and_then(credentials::of_header) {
            Some(credentials) => login = Some(credentials),
            None => imported.left_out.push(format!("{place}: only a login with Basic or Bearer can be kept")),
        }
    }
    login
}

#[cfg(test)]
mod tests;
