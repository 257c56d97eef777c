//! Documents of the machine configuration of Talos 1.14: mirrors by host, logins and trust by address.

use policy::container_registries::{Credentials, Fallback, HiddenText, Host, Registries, Registry};
use serde::Serialize;

use super::by_address;
use super::{common_losses, name_with_star};
use crate::nodes::files::{Files, Rendered};
use crate::nodes::hidden;

/// The name of the file.
pub const FILE_NAME: &str = "talos-registries.yaml";

const API_VERSION: &str = "v1alpha1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mirror<'a> {
    #[serde(flatten)]
    document: Document<'a>,
    endpoints: Vec<OfEndpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_fallback: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfEndpoint {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    override_path: Option<bool>,
}

#[derive(Serialize)]
struct Auth<'a> {
    #[serde(flatten)]
    document: Document<'a>,
    #[serde(flatten)]
    login: Login<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Login<'a> {
    Basic {
        username: &'a str,
        #[serde(serialize_with = "hidden::serialize")]
        password: &'a HiddenText,
    },
    Token {
        #[serde(rename = "identityToken", serialize_with = "hidden::serialize")]
        identity_token: &'a HiddenText,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tls<'a> {
    #[serde(flatten)]
    document: Document<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure_skip_verify: Option<bool>,
}

/// One file with all documents.
#[must_use]
pub fn render(registries: &Registries) -> Rendered {
    let mut losses = Vec::new();
    let mut documents: Vec<_> =
        registries.0.iter().map(|(host, registry)| text(&mirror(host, registry, &mut losses))).collect();
    for (name, settings) in &by_address::collect(registries, &mut losses) {
        let document = |kind| Document { api_version: API_VERSION, kind, name };
        if let Some(credentials) = settings.credentials {
            let login = match credentials {
                Credentials::Basic { username, password } => Login::Basic { username, password },
                Credentials::IdentityToken(identity_token) => Login::Token { identity_token },
            };
            documents.push(text(&Auth { document: document("RegistryAuthConfig"), login }));
        }
        if settings.ca.is_some() || settings.skip_verify {
            let insecure_skip_verify = settings.skip_verify.then_some(true);
            let document = document("RegistryTLSConfig");
            documents.push(text(&Tls { document, ca: settings.ca, insecure_skip_verify }));
        }
    }
    let text = HiddenText::new(documents.join("---\n"));
    Rendered { files: Files([(FILE_NAME.to_owned(), text)].into()), losses }
}

fn mirror<'a>(host: &'a Host, registry: &Registry, losses: &mut Vec<String>) -> Mirror<'a> {
    for (index, endpoint) in registry.endpoints.iter().enumerate() {
        common_losses(host, index, endpoint, losses);
    }
    let endpoints = registry.endpoints.iter().map(|endpoint| OfEndpoint {
        url: endpoint.url(),
        override_path: endpoint.override_path.then_some(true),
    });
    Mirror {
        document: Document {
            api_version: API_VERSION,
            kind: "RegistryMirrorConfig",
            name: name_with_star(host),
        },
        endpoints: endpoints.collect(),
        skip_fallback: (registry.fallback == Fallback::None).then_some(true),
    }
}

/// A document as YAML. Maps, lists, texts and flags always become YAML.
fn text(document: &impl Serialize) -> String {
    serde_saphyr::to_string(document).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::examples::all;

    #[test]
    fn is_a_document_for_each_host_login_and_trust() {
        let rendered = render(&all());
        let text = rendered.files.0.get(FILE_NAME).unwrap().reveal();
        assert_eq!(text, include_str!("talos/all.yaml"));
        let losses = [
            "_default[1].capabilities: the format has none: endpoints are used for pull and resolve",
            "_default[1].dialTimeout: the format has none",
            "docker.io[0].capabilities: the format has none: endpoints are used for pull and resolve",
            "docker.io[0].dialTimeout: the format has none",
        ];
        assert_eq!(rendered.losses, losses);
    }
}
