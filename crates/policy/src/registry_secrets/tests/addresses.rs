//! A row per rule of the two addresses, with exact texts.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::{changed, encoded, mutate, patch, secret};

fn internal(server: &str) -> Json {
    let mut data = changed("serverAddress", server);
    data["isInternal"] = encoded("true");
    data
}

#[rstest]
#[case::server_space(
    changed("serverAddress", "a b"),
    "data.serverAddress: Invalid value: must not hold spaces or control characters"
)]
#[case::server_control(
    changed("serverAddress", "a\u{7}"),
    "data.serverAddress: Invalid value: must not hold spaces or control characters"
)]
#[case::server_two_newlines(
    changed("serverAddress", "a\n\n"),
    "data.serverAddress: Invalid value: must not hold spaces or control characters"
)]
#[case::server_not_utf8(changed("serverAddress", [0xff]), "data.serverAddress: Invalid value: must be UTF-8")]
#[case::registry_scheme(
    changed("registryAddress", "https://example.com"),
    "data.registryAddress: Invalid value: must not have a scheme: it is the beginning of image names, such as example.com/project"
)]
#[case::registry_space(
    changed("registryAddress", " example.com"),
    "data.registryAddress: Invalid value: must not hold spaces or control characters: encode it without a newline, with `echo -n` or printf"
)]
#[case::registry_newline(
    changed("registryAddress", "acme\n"),
    "data.registryAddress: Invalid value: must not hold spaces or control characters: encode it without a newline, with `echo -n` or printf"
)]
#[case::registry_steers_to_a_path(
    changed("registryAddress", "localhost:8080\\_shutdown\\now?x.local"),
    "data.registryAddress: Invalid value: must have the form host[:port][/path], such as example.com:5000/project: no user, query, fragment, '\\' or '..'"
)]
#[case::registry_steers_with_credentials(
    changed("registryAddress", "user:pw@host\\q?.local"),
    "data.registryAddress: Invalid value: must have the form host[:port][/path], such as example.com:5000/project: no user, query, fragment, '\\' or '..'"
)]
#[case::registry_port(
    changed("registryAddress", "example.com:99999/a"),
    "data.registryAddress: Invalid value: must have a port between 1 and 65535, such as example.com:5000/project"
)]
#[case::registry_upper_case(
    changed("registryAddress", "example.com/Acme"),
    "data.registryAddress: Invalid value: must have a path as image names have it: lower-case letters and digits, with '.', '_' or '-' between them and '/' between its parts, such as example.com/my-team/project"
)]
#[case::registry_long(
    changed("registryAddress", format!("example.com/{}", "a".repeat(244))),
    "data.registryAddress: Invalid value: must be no longer than 255 bytes"
)]
#[case::registry_not_utf8(
    changed("registryAddress", [0xff]),
    "data.registryAddress: Invalid value: must be UTF-8"
)]
#[case::server_long(
    changed("serverAddress", "a".repeat(1025)),
    "data.serverAddress: Invalid value: must be no longer than 1024 bytes"
)]
#[case::internal_server_newline(
    internal("registry.local:5000\n"),
    "data.serverAddress: Invalid value: must not hold spaces or control characters: encode it without a newline, with `echo -n` or printf"
)]
#[case::internal_server_with_scheme(
    internal("https://index.docker.io/v1/"),
    "data.serverAddress: Invalid value: must not have a scheme: it is the beginning of image names, such as example.com/project"
)]
fn refuses(#[case] data: Json, #[case] text: &str) {
    let decision = mutate(&secret(&data), None);
    let violations: Vec<_> = decision.violations.iter().map(ToString::to_string).collect();
    assert_eq!((violations.join("; ").as_str(), patch(&decision)), (text, json!([])));
}
