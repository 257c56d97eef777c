//! What is wrong with an endpoint, with exact texts.

use super::*;

#[rstest]
#[case::missing(
    "skipVerify: true",
    "endpoint: Required value: host[:port] of a registry, such as registry-1.docker.io"
)]
#[case::empty(
    "endpoint: ''",
    "endpoint: Required value: host[:port] of a registry, such as registry-1.docker.io"
)]
#[case::number("endpoint: 5", "endpoint: Invalid value: must be a text: put it into quotes")]
#[case::scheme(
    "endpoint: 'http://a'",
    "endpoint: Invalid value: must have no scheme, such as example.com:5000: `insecure: true` is for plain HTTP"
)]
#[case::user(
    "endpoint: 'me:hush@example.com'",
    "endpoint: Invalid value: must have the form host[:port], such as example.com:5000: no user, quote, space or control character"
)]
#[case::path(
    "endpoint: example.com/v2",
    "endpoint: Invalid value: must have no path: a path needs `overridePath: true` of an endpoint"
)]
#[case::port(
    "endpoint: 'a:65536'",
    "endpoint: Invalid value: must have a port between 1 and 65535 without leading zeros, such as example.com:5000"
)]
#[case::flag(
    "endpoint: a, insecure: 'true'",
    "insecure: Invalid value: must be true or false, without quotes"
)]
#[case::unknown_key(
    "endpoint: a, skipverify: true",
    "skipverify: Forbidden: there is no such key: did you mean skipVerify?"
)]
#[case::strange_key(
    "endpoint: a, user: me",
    "user: Forbidden: there is no such key: the keys are endpoint, credentials, insecure, skipVerify, overridePath, ca, capabilities, dialTimeout"
)]
#[case::insecure_with_skip_verify(
    "endpoint: a, insecure: true, skipVerify: true",
    "skipVerify: Forbidden: there is no TLS with insecure: true"
)]
#[case::credentials_over_http(
    "endpoint: a, insecure: true, credentials: {username: u, password: hush}",
    "credentials: Forbidden: insecure: true sends them in clear: use TLS, with ca or skipVerify if need be"
)]
#[case::ca(
    "endpoint: a, ca: hello",
    "ca: Invalid value: must be one or more certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE"
)]
#[case::capability(
    "endpoint: a, capabilities: [pull, delete]",
    "capabilities[1]: Invalid value: must be pull, resolve or push"
)]
#[case::no_capability(
    "endpoint: a, capabilities: []",
    "capabilities: Required value: at least one of pull, resolve and push"
)]
#[case::dial_timeout(
    "endpoint: a, dialTimeout: 1",
    "dialTimeout: Invalid value: must be a text: put it into quotes"
)]
#[case::dial_timeout_without_unit(
    "endpoint: a, dialTimeout: '1'",
    "dialTimeout: Invalid value: must be a duration from 1ms to 10m, such as 500ms or 1s"
)]
fn refuses_an_endpoint(#[case] members: &str, #[case] violation: &str) {
    assert_eq!(violations(&endpoint(members)), [format!("containerRegistries[example.com][0].{violation}")]);
}
