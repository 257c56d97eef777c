//! What is rendered of any model is read back as the same model, but for what was reported as lost.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use policy::container_registries::{self, Capability, Credentials, Fallback, Registries, Registry};
use proptest::prelude::*;
use serde_json::Value;

use super::hosts::Options;
use super::*;
use crate::nodes::credentials_file::CredentialsFile;
use crate::nodes::files::{Files, Rendered};
use crate::nodes::import::{self, Imported};
use crate::nodes::random::registries;
use crate::nodes::secret_keys::secret_key;
use crate::nodes::version::Version;

fn text<'a>(files: &'a Files, path: &str) -> &'a str {
    files.0.get(path).unwrap().reveal()
}

/// A model without what formats lose that know addresses, logins and trust alone.
fn common(registries: &Registries, keeps_root: bool) -> Registries {
    let mut registries = registries.clone();
    for registry in registries.0.values_mut() {
        registry.fallback = Fallback::Upstream;
        for endpoint in &mut registry.endpoints {
            endpoint.capabilities = [Capability::Pull, Capability::Resolve].into();
            endpoint.dial_timeout = None;
            endpoint.override_path &= keeps_root || !endpoint.address.path().is_empty();
        }
    }
    registries
}

/// The same hosts; what has settings may have become a host of its own.
fn assert_same(imported: &Imported, expected: &Registries) {
    assert_eq!((&imported.left_out, &imported.errors), (&vec![], &vec![]));
    let known = |host: &&Host| expected.0.contains_key(host);
    let kept: BTreeMap<_, _> = imported.registries.0.iter().filter(|(host, _)| known(host)).collect();
    assert_eq!(kept, expected.0.iter().collect::<BTreeMap<_, _>>());
    for (host, registry) in imported.registries.0.iter().filter(|(host, _)| !known(host)) {
        assert!(registry.endpoints.iter().all(|endpoint| endpoint.is_upstream_of(host)), "{host}");
    }
}

/// No loss tells a credential that is long enough to be known again.
fn assert_hidden(rendered: &Rendered, registries: &Registries) {
    let endpoints = registries.0.values().flat_map(|registry| &registry.endpoints);
    for credentials in endpoints.filter_map(|endpoint| endpoint.credentials.as_ref()) {
        let (Credentials::Basic { password: secret, .. } | Credentials::IdentityToken(secret)) = credentials;
        let secret = secret.reveal();
        let is_told = |loss: &String| secret.len() > 5 && loss.contains(secret);
        assert!(!rendered.losses.iter().any(is_told), "{:?}", rendered.losses);
    }
}

proptest! {
    #[test]
    fn values(registries in registries()) {
        let reading = container_registries::read(values::render(&registries).reveal(), Timestamp::UNIX_EPOCH);
        prop_assert_eq!(reading.violations, vec![]);
        prop_assert_eq!(reading.registries, registries);
    }

    #[test]
    fn hosts(registries in registries(), owned: bool) {
        let rendered = hosts::render(&registries, Options { owned, ..Options::default() });
        prop_assert_eq!(&rendered.losses, &Vec::<String>::new());
        let expected = Imported { registries, ..Imported::default() };
        prop_assert_eq!(import::hosts::import(&rendered.files), expected);
    }

    #[test]
    fn k3s(registries in registries()) {
        let rendered = k3s::render(&registries);
        assert_hidden(&rendered, &registries);
        assert_same(&import::k3s::import(k3s::FILE_NAME, &rendered.files), &common(&registries, false));
    }

    #[test]
    fn containerd_config(registries in registries()) {
        let rendered = containerd_config::render(&registries, Version::new(1, 7, 0));
        assert_hidden(&rendered, &registries);
        let imported = import::containerd_config::import(containerd_config::FILE_NAME, &rendered.files);
        assert_same(&imported, &common(&registries, true));
    }

    #[test]
    fn talos(registries in registries()) {
        let rendered = talos::render(&registries);
        assert_hidden(&rendered, &registries);
        let text = text(&rendered.files, talos::FILE_NAME);
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
        let of = |kind: &str, name: &str| {
            documents.iter().find(|document| document["kind"] == kind && document["name"] == name)
        };
        for (host, Registry { endpoints, fallback }) in &registries.0 {
            let mirror = of("RegistryMirrorConfig", name_with_star(host)).unwrap();
            prop_assert_eq!(mirror["skipFallback"].as_bool().unwrap_or_default(), *fallback == Fallback::None);
            for (endpoint, written) in endpoints.iter().zip(mirror["endpoints"].as_array().unwrap()) {
                prop_assert_eq!(&written["url"], &endpoint.url());
                prop_assert_eq!(written["overridePath"].as_bool().unwrap_or_default(), endpoint.override_path);
                let address = endpoint.address.authority();
                let auth = of("RegistryAuthConfig", &address);
                let login = |key: &str| auth.and_then(|auth| auth[key].as_str());
                let expected = match &endpoint.credentials {
                    Some(Credentials::Basic { username, password }) => (Some(username.as_str()), Some(password.reveal()), None),
                    Some(Credentials::IdentityToken(token)) => (None, None, Some(token.reveal())),
                    None => (None, None, None),
                };
                prop_assert_eq!((login("username"), login("password"), login("identityToken")), expected);
                let tls = of("RegistryTLSConfig", &address);
                prop_assert_eq!(tls.and_then(|tls| tls["ca"].as_str()), endpoint.ca.as_deref());
                let skips = tls.and_then(|tls| tls["insecureSkipVerify"].as_bool()).unwrap_or_default();
                prop_assert_eq!(skips, endpoint.skip_verify);
            }
        }
    }

    #[test]
    fn crio(registries in registries()) {
        let rendered = crio::render(&registries);
        assert_hidden(&rendered, &registries);
        let document: toml_edit::DocumentMut = text(&rendered.files, crio::CONFIG).parse().unwrap();
        let tables = document.get("registry").and_then(toml_edit::Item::as_array_of_tables);
        let written = tables.map(|tables| tables.iter().filter_map(|table| table["prefix"].as_str()).collect::<Vec<_>>());
        for prefix in written.unwrap_or_default() {
            prop_assert!(registries.0.keys().any(|host| host.as_str() == prefix && !host.is_any()));
        }
        let auth: Value = rendered.files.0.get(crio::AUTH).map_or(Value::Null, |text| serde_json::from_str(text.reveal()).unwrap());
        let left_out = |host: &Host, index: usize| {
            rendered.losses.iter().any(|loss| loss.starts_with(&format!("{host}[{index}].endpoint:")))
        };
        for (host, index, endpoint) in by_address::endpoints(&registries) {
            if host.is_any() || left_out(host, index) {
                continue;
            }
            let path = endpoint.address.path().trim_start_matches("/v2");
            let hub = endpoint.address.is_docker_hub();
            let location = if hub { "docker.io".to_owned() } else { endpoint.address.authority() + path };
            let entry = &auth["auths"][&location];
            let login = entry["auth"].as_str().map(|auth| String::from_utf8(STANDARD.decode(auth).unwrap()).unwrap());
            let expected = match &endpoint.credentials {
                Some(Credentials::Basic { username, password }) => (Some(format!("{username}:{}", password.reveal())), None),
                Some(Credentials::IdentityToken(token)) => (Some("<token>:".to_owned()), Some(token.reveal())),
                None => (None, None),
            };
            prop_assert_eq!((login, entry["identitytoken"].as_str()), expected);
        }
    }

    #[test]
    fn kubeadm(registries in registries()) {
        let files = hosts::render(&registries, Options::default()).files;
        let rendered = kubeadm::render(&registries, "registries");
        let fragment: Value = serde_saphyr::from_str(text(&rendered.files, kubeadm::FILE_NAME)).unwrap();
        let listed: BTreeMap<_, _> = fragment["files"].as_array().unwrap().iter().map(|file| {
            let secret = &file["contentFrom"]["secret"];
            assert_eq!((file["permissions"].as_str(), secret["name"].as_str()), (Some("0600"), Some("registries")));
            (file["path"].as_str().unwrap().to_owned(), secret["key"].as_str().unwrap().to_owned())
        }).collect();
        let expected = files.0.keys().map(|path| (format!("/etc/containerd/certs.d/{path}"), secret_key(path)));
        prop_assert_eq!(listed, expected.collect());
    }

    #[test]
    fn credential_provider(registries in registries()) {
        let rendered = credential_provider::render(&registries, Options::default(), None);
        assert_hidden(&rendered, &registries);
        let file: CredentialsFile = serde_json::from_str(text(&rendered.files, "certs.d/registry-credentials.json")).unwrap();
        prop_assert_eq!(&file, &credential_provider::logins(&registries, &mut Vec::new()));
        let config = rendered.files.0.get(credential_provider::CONFIG);
        let config: Value = config.map_or(Value::Null, |text| serde_saphyr::from_str(text.reveal()).unwrap());
        let hosts: Vec<_> = config["providers"][0]["matchImages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        prop_assert_eq!(hosts, file.registries.keys().map(String::as_str).collect::<Vec<_>>());
        let trees = rendered.files.0.iter().filter(|(path, _)| path.ends_with("hosts.toml"));
        for (path, tree) in trees {
            prop_assert!(!tree.reveal().contains("Authorization"), "{}", path);
        }
    }
}
