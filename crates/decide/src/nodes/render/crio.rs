//! Files for CRI-O and Podman below `/etc/containers`: `registries.conf.d`, logins in docker's format, and authorities.

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
            table.insert("location", value(host.as_str()));
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
    is_in_names.then_some(location)
}

fn is_insecure(endpoint: &Endpoint) -> bool {
    endpoint.skip_verify || endpoint.scheme == Scheme::Http
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::nodes::examples::{all, endpoint, registry, seed, without_fallback};

    fn text<'a>(rendered: &'a Rendered, path: &str) -> &'a str {
        rendered.files.0.get(path).unwrap().reveal()
    }

    #[test]
    fn the_seed_becomes_mirrors_and_a_login() {
        let expected = r#"[[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "docker.io"

[[registry.mirror]]
location = "my-mirror-registry.mydomain.io"
"#;
        let rendered = render(&seed());
        assert_eq!(text(&rendered, CONFIG), expected);
        let expected = r#"{
  "auths": {
    "docker.io": {
      "auth": "bXlfdXNlcl9uYW1lOm15X3Bhc3N3b3Jk"
    }
  }
}
"#;
        assert_eq!(text(&rendered, AUTH), expected);
        assert_eq!(rendered.losses, Vec::<String>::new());
    }

    #[test]
    fn without_fallback_the_last_endpoint_takes_the_place_of_the_registry() {
        let digests = Endpoint { capabilities: [Capability::Pull].into(), ..endpoint("mirror.example.com") };
        let registries = without_fallback("quay.io", vec![digests, endpoint("last.example.com:5000")]);
        let expected = r#"[[registry]]
prefix = "quay.io"
location = "last.example.com:5000"

[[registry.mirror]]
location = "mirror.example.com"
pull-from-mirror = "digest-only"
"#;
        let rendered = render(&registries);
        assert_eq!(text(&rendered, CONFIG), expected);
        assert_eq!(rendered.losses, Vec::<String>::new());
    }

    #[test]
    fn what_it_cannot_express_is_lost_and_said() {
        let rendered = render(&all());
        let expected = r#"{
  "auths": {
    "cache.example.com:5000/docker": {
      "auth": "PHRva2VuPjo=",
      "identitytoken": "to\"ken"
    },
    "registry.example.com:5000": {
      "auth": "bWU6KnA6ICd3IiAjw6k="
    }
  }
}
"#;
        assert_eq!(text(&rendered, AUTH), expected);
        let losses = [
            "_default: the format has no mirrors for all other hosts, so they are left out",
            "docker.io[0].dialTimeout: the format has none",
            "docker.io[0].capabilities: mirrors are used for pull alone, or for pull and resolve",
            "registry.example.com:5000[0].skipVerify: insecure allows plain HTTP, too",
        ];
        assert_eq!(rendered.losses, losses);
    }

    #[rstest]
    #[case::other_path("example.com/artifactory/api")]
    #[case::no_part_of_a_name("example.com/v2/a~b")]
    #[case::account_of_docker_hub("zot/v2/a")]
    fn an_endpoint_that_is_no_part_of_a_name_is_left_out(#[case] address: &str) {
        let odd = Endpoint { override_path: true, ..endpoint(address) };
        let rendered = render(&registry("quay.io", vec![odd]));
        let loss = "quay.io[0].endpoint: CRI-O asks for names of images below /v2/ alone, so the endpoint is left out";
        assert_eq!(rendered.losses, [loss]);
        assert!(!text(&rendered, CONFIG).contains("mirror"));
    }

    #[test]
    fn without_fallback_and_any_endpoint_nothing_is_pulled() {
        let odd = Endpoint { override_path: true, ..endpoint("example.com/artifactory/api") };
        let rendered = render(&without_fallback("quay.io", vec![odd]));
        let blocked = "[[registry]]\nprefix = \"quay.io\"\nlocation = \"quay.io\"\nblocked = true\n";
        assert_eq!(text(&rendered, CONFIG), blocked);
    }
}
