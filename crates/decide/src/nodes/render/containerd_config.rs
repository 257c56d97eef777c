//! `registry-config.toml` for containerd 1.x without `config_path`: mirrors, and logins by address.

use std::collections::BTreeMap;

use policy::container_registries::{Credentials, Fallback, HiddenText, Registries};
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::by_address::{self, Settings};
use super::{common_losses, loss, name_with_star, quoted, url_of_api};
use crate::nodes::files::{Files, Rendered, ca_name};
use crate::nodes::version::Version;

/// The name of the file.
pub const FILE_NAME: &str = "registry-config.toml";
/// The folder in which `imports` of containerd looks for it.
const FOLDER: &str = "/etc/containerd/conf.d";

/// The file, and authorities beside it.
#[must_use]
pub fn render(registries: &Registries, version: Version) -> Rendered {
    let mut writer = Writer { version, losses: Vec::new(), files: Files::default() };
    let mut registry = Table::new();
    registry.insert("mirrors", Item::Table(writer.mirrors(registries)));
    let settings = by_address::collect(registries, &mut writer.losses);
    let configs = writer.configs(registries, &settings);
    if !configs.is_empty() {
        registry.insert("configs", Item::Table(configs));
    }
    let mut document = DocumentMut::new();
    document.insert("version", value(if version.major >= 2 { 3 } else { 2 }));
    let plugin = implicit(version.plugin(), implicit("registry", registry));
    document.insert("plugins", Item::Table(plugin));
    writer.files.0.insert(FILE_NAME.to_owned(), HiddenText::new(document.to_string()));
    Rendered { files: writer.files, losses: writer.losses }
}

struct Writer {
    version: Version,
    losses: Vec<String>,
    files: Files,
}

impl Writer {
    fn mirrors(&mut self, registries: &Registries) -> Table {
        let mut mirrors = Table::new();
        for (host, registry) in &registries.0 {
            let mut urls = Array::new();
            for (index, endpoint) in registry.endpoints.iter().enumerate() {
                let has_empty_root = endpoint.override_path && endpoint.address.path().is_empty();
                urls.push(url_of_api(endpoint) + if has_empty_root { "/" } else { "" });
                common_losses(host, index, endpoint, &mut self.losses);
            }
            if registry.fallback == Fallback::None {
                self.losses
                    .push(format!("{host}.fallback: containerd asks the upstream last, whatever is set"));
            }
            let mut mirror = Table::new();
            mirror.insert("endpoint", value(urls));
            mirrors.insert(name_with_star(host), Item::Table(mirror));
        }
        mirrors
    }

    fn configs(&mut self, registries: &Registries, settings: &BTreeMap<String, Settings>) -> Table {
        let has_tls = self.version.major < 2;
        if !has_tls {
            self.report_tls(registries);
        }
        let mut configs = Table::new();
        for (address, settings) in settings {
            let mut config = Table::new();
            config.set_implicit(true);
            if let Some(credentials) = settings.credentials {
                config.insert("auth", Item::Table(auth(credentials)));
            }
            if has_tls && (settings.ca.is_some() || settings.skip_verify) {
                config.insert("tls", Item::Table(self.tls(settings)));
            }
            if !config.is_empty() {
                configs.insert(address, Item::Table(config));
            }
        }
        configs
    }

    fn tls(&mut self, settings: &Settings) -> Table {
        let mut tls = Table::new();
        if let Some(ca) = settings.ca {
            let name = ca_name(ca);
            tls.insert("ca_file", value(format!("{FOLDER}/{name}")));
            self.files.0.insert(name, HiddenText::new(ca));
        }
        if settings.skip_verify {
            tls.insert("insecure_skip_verify", value(true));
        }
        tls
    }

    fn report_tls(&mut self, registries: &Registries) {
        let version = self.version;
        for (host, index, endpoint) in by_address::endpoints(registries) {
            let fields = [("ca", endpoint.ca.is_some()), ("skipVerify", endpoint.skip_verify)];
            for (field, _) in fields.into_iter().filter(|(_, is_set)| *is_set) {
                let text = format!("containerd {version} reads it in hosts.toml alone");
                self.losses.push(loss(host, index, field, text));
            }
        }
    }
}

fn auth(credentials: &Credentials) -> Table {
    let mut auth = Table::new();
    match credentials {
        Credentials::Basic { username, password } => {
            auth.insert("username", value(quoted(username)));
            auth.insert("password", value(quoted(password.reveal())));
        }
        Credentials::IdentityToken(token) => {
            auth.insert("identitytoken", value(quoted(token.reveal())));
        }
    }
    auth
}

/// A table without a header of its own, which holds another one.
fn implicit(key: &str, inner: Table) -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table.insert(key, Item::Table(inner));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::examples::{all, seed};

    fn text(rendered: &Rendered) -> &str {
        rendered.files.0.get(FILE_NAME).unwrap().reveal()
    }

    #[test]
    fn the_seed_is_as_it_shows() {
        let expected = r#"version = 2

[plugins."io.containerd.grpc.v1.cri".registry]

[plugins."io.containerd.grpc.v1.cri".registry.mirrors]

[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
endpoint = ["https://registry-1.docker.io", "https://my-mirror-registry.mydomain.io"]

[plugins."io.containerd.grpc.v1.cri".registry.configs]

[plugins."io.containerd.grpc.v1.cri".registry.configs."registry-1.docker.io".auth]
username = "my_user_name"
password = "my_password"
"#;
        let rendered = render(&seed(), "1.7.35".parse().unwrap());
        assert_eq!(text(&rendered), expected);
        assert_eq!(rendered.losses, Vec::<String>::new());
    }

    #[test]
    fn what_it_cannot_express_is_lost_and_said() {
        let rendered = render(&all(), Version::new(2, 2, 0));
        assert!(
            text(&rendered)
                .starts_with("version = 3\n\n[plugins.\"io.containerd.cri.v1.images\".registry]\n")
        );
        let losses = [
            "_default[1].capabilities: the format has none: endpoints are used for pull and resolve",
            "_default[1].dialTimeout: the format has none",
            "_default.fallback: containerd asks the upstream last, whatever is set",
            "docker.io[0].capabilities: the format has none: endpoints are used for pull and resolve",
            "docker.io[0].dialTimeout: the format has none",
            "_default[1].ca: containerd 2.2.0 reads it in hosts.toml alone",
            "docker.io[0].ca: containerd 2.2.0 reads it in hosts.toml alone",
            "registry.example.com:5000[0].skipVerify: containerd 2.2.0 reads it in hosts.toml alone",
        ];
        assert_eq!(rendered.losses, losses);
    }
}
