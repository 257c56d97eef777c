//! Whether the credential provider has the logins that were asked for.

use policy::container_registries::Registries;
use rstest::rstest;

use super::*;
use crate::nodes::credentials_file::DEFAULT_PATH;
use crate::nodes::examples::{basic, endpoint, registry};
use crate::nodes::render::credential_provider;
use crate::nodes::render::hosts::Options;

const REMEDY: &str =
    "write what was asked for: `serverless-webhook render --to credential-provider` prints it";
const PATH: &str = "certs.d/registry-credentials.json";

/// Two registries with logins.
fn wanted() -> Registries {
    let with_login = |host: &str| {
        let endpoint = policy::container_registries::Endpoint {
            credentials: Some(basic("me", "secret")),
            ..endpoint(host)
        };
        registry(host, vec![endpoint]).0
    };
    Registries(["ghcr.io", "quay.io"].into_iter().flat_map(with_login).collect())
}

/// What is found of a node that has what was asked for, but for the text of the file of logins.
fn findings(change: impl Fn(&str) -> String) -> Vec<String> {
    let files = credential_provider::render(&wanted(), Options::default(), None).files.0;
    let texts = files.iter().map(|(path, text)| match path.as_str() {
        PATH => (path.as_str(), change(text.reveal())),
        path => (path, text.reveal().to_owned()),
    });
    let texts: Vec<_> = texts.chain([("config.toml", CONFIG.to_owned())]).collect();
    let texts: Vec<_> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let (tree, wanted) = (node(&texts), wanted());
    found(&Input { wanted: Some(&wanted), ..input(&tree, "2.4.2") })
}

#[test]
fn what_is_rendered_is_what_was_asked_for() {
    assert_eq!(findings(str::to_owned), [""; 0]);
}

#[rstest]
#[case::another("\"password\": \"secret\"", "\"password\": \"old\"", &["3 error: holds another login for ghcr.io", "7 error: holds another login for quay.io"])]
#[case::another_host(
    "\"quay.io\"", "\"gcr.io\"",
    &["1 error: holds no login for quay.io", "7 warning: holds a login for gcr.io, which nobody asked for"]
)]
#[case::no_json("\"quay.io\": {", "\"quay.io\": secret", &["7 error: is no file of logins: the kubelet gets none"])]
#[case::unknown_key("\"username\"", "\"user\"", &["4 error: is no file of logins: the kubelet gets none"])]
fn what_differs_is_found_without_a_password(#[case] from: &str, #[case] to: &str, #[case] expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|text| format!("{PATH}:{text} | {REMEDY}")).collect();
    let found = findings(|text| text.replace(from, to));
    assert_eq!(found, expected);
    assert!(!found.iter().any(|text| text.contains("secret")), "{found:?}");
}

#[test]
fn a_file_of_logins_that_is_no_utf_8_is_found() {
    let mut tree = node(&[("config.toml", CONFIG)]);
    let file = File { text: HiddenText::new("\u{fffd}"), mode: 0o600, changed: None };
    tree.add(DEFAULT_PATH, Entry::NotText(file));
    let wanted = Registries::default();
    let expected = format!("{PATH}:1 error: is no UTF-8 | {REMEDY}");
    assert_eq!(found(&Input { wanted: Some(&wanted), ..input(&tree, "2.4.2") }), [expected]);
}
