//! `hosts.toml` for containerd: a folder for each host, with the authorities of its endpoints beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::container_registries::{
    Credentials, Endpoint, Fallback, HiddenText, Host, Registries, Registry, Scheme, dial_timeout,
};
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::{loss, quoted};
use crate::nodes::files::{MARKER, Rendered, ca_name};
use crate::nodes::version::Version;

/// The name of the file in the folder of a host.
pub const FILE_NAME: &str = "hosts.toml";

/// How files are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// The containerd that reads them.
    pub version: Version,
    /// Whether credentials become headers. Without, they must reach the node in another way.
    pub credentials: bool,
    /// Whether each file begins with [`MARKER`], by which the agent knows its files from those of others.
    pub owned: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { version: Version::DEFAULT, credentials: true, owned: false }
    }
}

/// The files of all hosts, below the folder that is `config_path` of containerd.
#[must_use]
pub fn render(registries: &Registries, options: Options) -> Rendered {
    let mut all = Rendered::default();
    for (host, registry) in &registries.0 {
        let rendered = render_host(host, registry, options);
        all.files.0.extend(rendered.files.0);
        all.losses.extend(rendered.losses);
    }
    all
}

/// The files of one host: `docker.io/hosts.toml` and `docker.io/ca-<hash>.pem`.
#[must_use]
pub fn render_host(host: &Host, registry: &Registry, options: Options) -> Rendered {
    let mut writer = Writer { host, options, rendered: Rendered::default() };
    let mut document = DocumentMut::new();
    writer.write_server(registry, &mut document);
    let mut tables = Table::new();
    tables.set_implicit(true);
    for (index, endpoint) in writer.tables(registry) {
        let mut table = Table::new();
        writer.write_endpoint(index, endpoint, &mut table);
        tables.insert(&endpoint.url(), Item::Table(table));
    }
    if !tables.is_empty() {
        document.insert("host", Item::Table(tables));
    }
    writer.add(FILE_NAME, &document.to_string());
    writer.rendered
}

struct Writer<'a> {
    host: &'a Host,
    options: Options,
    rendered: Rendered,
}

impl Writer<'_> {
    /// The endpoints that get a table, with their indices.
    fn tables<'a>(&mut self, registry: &'a Registry) -> Vec<(usize, &'a Endpoint)> {
        let version = self.options.version;
        let mut endpoints: Vec<_> = registry.endpoints.iter().enumerate().collect();
        // The last one is the server then. It is asked once.
        if registry.fallback == Fallback::None && (endpoints.len() > 1 || version.reads_files_without_hosts())
        {
            endpoints.pop();
        }
        if !version.reads_brackets_in_tables() {
            let (left_out, written) =
                endpoints.into_iter().partition(|(_, endpoint)| endpoint.address.host().starts_with('['));
            endpoints = written;
            for (index, _) in left_out {
                let text = format!(
                    "containerd {version} ignores a file with an IPv6 address in a table, so it is left out"
                );
                self.rendered.losses.push(loss(self.host, index, "endpoint", text));
            }
        }
        endpoints
    }

    /// The server that is asked last: the registry that images name, or the last endpoint.
    fn write_server(&mut self, registry: &Registry, root: &mut Table) {
        let last = registry.endpoints.iter().enumerate().next_back();
        if let (Fallback::None, Some((index, endpoint))) = (registry.fallback, last) {
            root.insert("server", value(endpoint.url()));
            self.write_endpoint(index, endpoint, root);
            return;
        }
        let Some(api) = self.host.api() else { return };
        // As the endpoint for it is spoken to; but with the pull secrets of Pods.
        let upstream = registry.endpoints.iter().find(|endpoint| endpoint.is_upstream_of(self.host));
        let scheme = upstream.map_or(Scheme::Https, |endpoint| endpoint.scheme);
        root.insert("server", value(format!("{scheme}://{api}")));
        if let Some(endpoint) = upstream {
            self.write_trust(endpoint, root);
        }
    }

    fn write_endpoint(&mut self, index: usize, endpoint: &Endpoint, table: &mut Table) {
        let version = self.options.version;
        let capabilities: Array =
            endpoint.capabilities.iter().map(|capability| capability.as_str()).collect();
        table.insert("capabilities", value(capabilities));
        if endpoint.override_path {
            table.insert("override_path", value(true));
        }
        self.write_trust(endpoint, table);
        if let Some(timeout) = endpoint.dial_timeout {
            if version.knows_dial_timeout() {
                table.insert("dial_timeout", value(dial_timeout::format(timeout)));
            } else {
                let text = format!("containerd {version} has no such key");
                self.rendered.losses.push(loss(self.host, index, "dialTimeout", text));
            }
        }
        let credentials = endpoint.credentials.as_ref().filter(|_| self.options.credentials);
        if let Some(credentials) = credentials {
            let mut header = Array::new();
            header.push(quoted(authorization(credentials).reveal()));
            let mut headers = Table::new();
            headers.insert("Authorization", value(header));
            table.insert("header", Item::Table(headers));
            if !version.sends_headers_to_token_servers() {
                let text = format!(
                    "containerd {version} sends the header to no token server, so a registry with one refuses the login"
                );
                self.rendered.losses.push(loss(self.host, index, "credentials", text));
            }
        }
    }

    /// Whether and how the certificate of an endpoint is verified.
    fn write_trust(&mut self, endpoint: &Endpoint, table: &mut Table) {
        if endpoint.skip_verify {
            table.insert("skip_verify", value(true));
        }
        if let Some(ca) = &endpoint.ca {
            let name = ca_name(ca);
            table.insert("ca", value(&name));
            self.add(&name, ca);
        }
    }

    fn add(&mut self, name: &str, text: &str) {
        let marked = if self.options.owned { format!("{MARKER}\n{text}") } else { text.to_owned() };
        let text = HiddenText::new(marked);
        self.rendered.files.0.insert(format!("{}/{name}", self.host), text);
    }
}

/// The value of the header `Authorization`.
fn authorization(credentials: &Credentials) -> HiddenText {
    match credentials {
        Credentials::Basic { username, password } => {
            let login = HiddenText::new(format!("{username}:{}", password.reveal()));
            HiddenText::new(format!("Basic {}", STANDARD.encode(login.reveal())))
        }
        Credentials::IdentityToken(token) => HiddenText::new(format!("Bearer {}", token.reveal())),
    }
}

#[cfg(test)]
mod tests;
