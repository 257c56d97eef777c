//! `registries.yaml` for k3s and RKE2: mirrors, and logins and trust by address.

use std::collections::BTreeMap;

use policy::container_registries::{Credentials, Fallback, HiddenText, Registries};
use serde::Serialize;

use super::by_address::{self, Settings};
use super::{common_losses, loss, name_with_star, url_of_api};
use crate::nodes::files::{Files, Rendered, ca_name};
use crate::nodes::hidden;

/// The name of the file.
pub const FILE_NAME: &str = "registries.yaml";
/// The folder in which k3s looks for it.
const FOLDER: &str = "/etc/rancher/k3s";

#[derive(Serialize)]
struct File<'a> {
    mirrors: BTreeMap<&'a str, Mirror>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    configs: BTreeMap<String, Config<'a>>,
}

#[derive(Serialize)]
struct Mirror {
    endpoint: Vec<String>,
}

#[derive(Serialize)]
struct Config<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Auth<'a> {
    Basic {
        username: &'a str,
        #[serde(serialize_with = "hidden::serialize")]
        password: &'a HiddenText,
    },
    Token {
        #[serde(serialize_with = "hidden::serialize")]
        identity_token: &'a HiddenText,
    },
}

#[derive(Serialize)]
struct Tls {
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure_skip_verify: Option<bool>,
}

/// The file, and authorities beside it.
#[must_use]
pub fn render(registries: &Registries) -> Rendered {
    let mut losses = Vec::new();
    let mut files = Files::default();
    let mirrors = mirrors(registries, &mut losses);
    let settings = by_address::collect(registries, &mut losses);
    let configs = settings.into_iter().map(|(address, settings)| (address, config(&settings, &mut files)));
    let file = File { mirrors, configs: configs.collect() };
    // Maps, lists, texts and flags always become YAML.
    let text = HiddenText::new(serde_saphyr::to_string(&file).unwrap_or_default());
    files.0.insert(FILE_NAME.to_owned(), text);
    Rendered { files, losses }
}

fn mirrors<'a>(registries: &'a Registries, losses: &mut Vec<String>) -> BTreeMap<&'a str, Mirror> {
    let mut mirrors = BTreeMap::new();
    for (host, registry) in &registries.0 {
        let mut endpoint = Vec::new();
        for (index, one) in registry.endpoints.iter().enumerate() {
            common_losses(host, index, one, losses);
            if one.override_path && one.address.path().is_empty() {
                losses.push(loss(host, index, "overridePath", "k3s adds /v2 to a URL without a path"));
            }
            endpoint.push(url_of_api(one));
        }
        if registry.fallback == Fallback::None {
            let text = "it is a flag of k3s, --disable-default-registry-endpoint, for all hosts in the file";
            losses.push(format!("{host}.fallback: {text}"));
        }
        mirrors.insert(name_with_star(host), Mirror { endpoint });
    }
    mirrors
}

fn config<'a>(settings: &Settings<'a>, files: &mut Files) -> Config<'a> {
    let auth = settings.credentials.map(|credentials| match credentials {
        Credentials::Basic { username, password } => Auth::Basic { username, password },
        Credentials::IdentityToken(identity_token) => Auth::Token { identity_token },
    });
    let ca_file = settings.ca.map(|ca| {
        let name = ca_name(ca);
        let path = format!("{FOLDER}/{name}");
        files.0.insert(name, HiddenText::new(ca));
        path
    });
    let insecure_skip_verify = settings.skip_verify.then_some(true);
    let has_tls = ca_file.is_some() || settings.skip_verify;
    Config { auth, tls: has_tls.then_some(Tls { ca_file, insecure_skip_verify }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::examples::{all, seed};

    fn text(rendered: &Rendered) -> &str {
        rendered.files.0.get(FILE_NAME).unwrap().reveal()
    }

    #[test]
    fn the_seed_becomes_mirrors_and_a_login() {
        let expected = "\
mirrors:
  docker.io:
    endpoint:
    - https://registry-1.docker.io
    - https://my-mirror-registry.mydomain.io
configs:
  registry-1.docker.io:
    auth:
      username: my_user_name
      password: my_password
";
        let rendered = render(&seed());
        assert_eq!(text(&rendered), expected);
        assert_eq!(rendered.losses, Vec::<String>::new());
    }

    #[test]
    fn authorities_are_files_and_losses_are_said() {
        let rendered = render(&all());
        assert!(text(&rendered).contains("    tls:\n      ca_file: /etc/rancher/k3s/ca-7d40fc39.pem\n"));
        assert!(rendered.files.0.contains_key("ca-7d40fc39.pem"));
        let losses = [
            "_default[1].capabilities: the format has none: endpoints are used for pull and resolve",
            "_default[1].dialTimeout: the format has none",
            "_default.fallback: it is a flag of k3s, --disable-default-registry-endpoint, for all hosts in the file",
            "docker.io[0].capabilities: the format has none: endpoints are used for pull and resolve",
            "docker.io[0].dialTimeout: the format has none",
        ];
        assert_eq!(rendered.losses, losses);
    }
}
