//! A row for each rule and boundary of the value, with exact texts.

use rstest::rstest;

use super::*;
use crate::container_registries::host::{Address, Host};
use crate::container_registries::model::{Credentials, Endpoint, Fallback, HiddenText, Scheme};

mod authority;
mod endpoint;
mod recognised;
mod seed;
mod warnings;

/// 2026-11-26.
const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

fn violations(text: &str) -> Vec<String> {
    read(text, NOW).violations.iter().map(Violation::to_string).collect()
}

fn warnings(text: &str) -> Vec<String> {
    read(text, NOW).warnings.into_iter().map(|warning| warning.text).collect()
}

/// The value with one endpoint of `example.com`.
fn endpoint(members: &str) -> String {
    format!("containerRegistries: {{example.com: [{{{members}}}]}}")
}

fn credentials(members: &str) -> String {
    endpoint(&format!("endpoint: example.com, credentials: {{{members}}}"))
}

fn host(text: &str) -> Host {
    Host::parse(text).unwrap()
}

#[rstest]
#[case::top("containerRegistries: {example.com: [{endpoint: example.com}]}")]
#[case::connectivity("connectivity: {containerRegistries: {example.com: [{endpoint: example.com}]}}")]
#[case::global("global: {connectivity: {containerRegistries: {example.com: [{endpoint: example.com}]}}}")]
#[case::containerd(
    "global: {components: {containerd: {containerRegistries: {example.com: [{endpoint: example.com}]}}}}"
)]
#[case::among_others(
    "global: {metadata: {name: a}, connectivity: {baseDomain: b, containerRegistries: {example.com: [{endpoint: example.com}]}}}"
)]
fn is_read_in_each_place(#[case] text: &str) {
    let reading = read(text, NOW);
    assert_eq!(violations(text), [""; 0]);
    let registry = reading.registries.0.get(&host("example.com")).unwrap();
    assert_eq!(registry.endpoints, [Endpoint::at(Address::parse("example.com").unwrap())]);
    assert_eq!(registry.fallback, Fallback::Upstream);
}

#[rstest]
#[case::nothing(
    "",
    "containerRegistries: Required value: it is read at the top, in connectivity, in global.connectivity and in global.components.containerd"
)]
#[case::elsewhere(
    "registries: {containerRegistries: {}}",
    "containerRegistries: Required value: it is read at the top, in connectivity, in global.connectivity and in global.components.containerd"
)]
#[case::twice(
    "connectivity: {containerRegistries: {}}\ncontainerRegistries: {}",
    "containerRegistries: Forbidden: connectivity.containerRegistries is there already: write it once"
)]
#[case::sibling_elsewhere(
    "connectivity: {localRegistryCache: {enabled: true}}\ncontainerRegistries: {}",
    "containerRegistries: Forbidden: connectivity.localRegistryCache is in another place: write both in one place"
)]
#[case::misspelt_elsewhere(
    "connectivity: {containerRegistries: {}}\ncontainerRegistry: {}",
    "containerRegistry: Forbidden: connectivity.containerRegistries is in another place: write both in one place"
)]
#[case::misspelt(
    "connectivity: {containerRegistry: {}}",
    "connectivity.containerRegistry: Forbidden: there is no such key: did you mean containerRegistries?"
)]
#[case::list("containerRegistries: []", "containerRegistries: Invalid value: must be a map")]
#[case::syntax("a: {\nb: [", "containerRegistries: Invalid value: must be YAML (line 2)")]
#[case::key_twice(
    "containerRegistries:\n  docker.io: []\n  docker.io: []",
    "containerRegistries: Invalid value: must not hold a key twice (line 3)"
)]
#[case::scheme(
    "containerRegistries: {\"https://docker.io\": [{endpoint: a}]}",
    "containerRegistries[https://docker.io]: Invalid value: must have no scheme, such as example.com:5000: `insecure: true` is for plain HTTP"
)]
#[case::host_with_user(
    "containerRegistries: {\"https://me:hush@docker.io\": [{endpoint: a}]}",
    "containerRegistries[0]: Invalid value: must have no scheme, such as example.com:5000: `insecure: true` is for plain HTTP"
)]
#[case::path(
    "containerRegistries: {docker.io/library: [{endpoint: a}]}",
    "containerRegistries[docker.io/library]: Invalid value: must have no path: a path needs `overridePath: true` of an endpoint"
)]
#[case::hub_twice(
    "containerRegistries: {docker.io: [{endpoint: a}], index.docker.io: [{endpoint: b}]}",
    "containerRegistries[index.docker.io]: Forbidden: containerRegistries[docker.io] is the same registry: write it once"
)]
#[case::any_twice(
    "containerRegistries: {\"*\": [{endpoint: a}], _default: [{endpoint: b}]}",
    "containerRegistries[_default]: Forbidden: containerRegistries[*] is the same registry: write it once"
)]
#[case::no_endpoints(
    "containerRegistries: {a.b: []}",
    "containerRegistries[a.b]: Required value: a list of at least one endpoint, such as [{endpoint: registry.example.com}]"
)]
#[case::null(
    "containerRegistries: {a.b: }",
    "containerRegistries[a.b]: Required value: a list of at least one endpoint, such as [{endpoint: registry.example.com}]"
)]
#[case::no_endpoints_with_fallback(
    "containerRegistries: {a.b: {fallback: None}}",
    "containerRegistries[a.b].endpoints: Required value: a list of at least one endpoint, such as [{endpoint: registry.example.com}]"
)]
#[case::text("containerRegistries: {a.b: mirror}", "containerRegistries[a.b]: Invalid value: must be a list")]
#[case::fallback(
    "containerRegistries: {a.b: {fallback: Never, endpoints: [{endpoint: a}]}}",
    "containerRegistries[a.b].fallback: Invalid value: must be Upstream or None"
)]
#[case::unknown_key_of_a_registry(
    "containerRegistries: {a.b: {endpoint: [], endpoints: [{endpoint: a}]}}",
    "containerRegistries[a.b].endpoint: Forbidden: there is no such key: did you mean endpoints?"
)]
#[case::duplicate(
    "containerRegistries: {a.b: [{endpoint: a}, {endpoint: a, skipVerify: true}]}",
    "containerRegistries[a.b][1].endpoint: Duplicate value: \"a\""
)]
#[case::duplicate_with_the_port_of_https(
    "containerRegistries: {a.b: [{endpoint: a}, {endpoint: 'a:443'}]}",
    "containerRegistries[a.b][1].endpoint: Duplicate value: \"a:443\""
)]
#[case::duplicate_with_the_port_of_http(
    "containerRegistries: {a.b: [{endpoint: 'a:80', insecure: true}, {endpoint: a, insecure: true}]}",
    "containerRegistries[a.b][1].endpoint: Duplicate value: \"a\""
)]
#[case::duplicate_hub(
    "containerRegistries: {docker.io: [{endpoint: docker.io}, {endpoint: registry-1.docker.io}]}",
    "containerRegistries[docker.io][1].endpoint: Duplicate value: \"registry-1.docker.io\""
)]
fn refuses_registries(#[case] text: &str, #[case] violation: &str) {
    assert_eq!(violations(text), [violation]);
}

#[rstest]
#[case::no_password("username: u", ".password: Required value: the password of username")]
#[case::empty_password("username: u, password: ''", ".password: Required value: the password of username")]
#[case::no_username("password: hush", ".username: Required value: the user of password")]
#[case::two_forms(
    "username: u, password: hush, auth: dTpo",
    ": Forbidden: write one form: username with password, auth, or identitytoken"
)]
#[case::other_two_forms(
    "auth: dTpo, identitytoken: hush",
    ": Forbidden: write one form: username with password, auth, or identitytoken"
)]
#[case::colon(
    "username: 'u:hush', password: hush",
    ".username: Invalid value: must not hold ':', which ends the user name"
)]
#[case::newline(
    "username: u, password: \"hush\\n\"",
    ".password: Invalid value: must not hold control characters, such as a newline at its end"
)]
#[case::digits(
    "username: u, password: 12345",
    ".password: Invalid value: must be a text: put it into quotes"
)]
#[case::no_base64(
    "auth: 'u:hush'",
    ".auth: Invalid value: must be base64 of user:password, without a newline in it"
)]
#[case::no_colon(
    "auth: aHVzaA==",
    ".auth: Invalid value: must be base64 of user:password, without a newline in it"
)]
#[case::auth_with_newline(
    "auth: dTpodXNoCg==",
    ".auth: Invalid value: must be base64 of user:password, without a newline in it"
)]
#[case::token_with_space(
    "identitytoken: 'hush hush'",
    ".identitytoken: Invalid value: must be a token: visible ASCII characters without spaces"
)]
#[case::key_without_a_space(
    "username: u, 'password:hush': , password: hush",
    ": Forbidden: one of its keys is unknown: did you mean password?"
)]
#[case::password_with_a_comma(
    "username: u, password: secret,hush",
    ": Forbidden: one of its keys is unknown: the keys are username, password, auth, identitytoken"
)]
#[case::unknown_key(
    "username: u, passwort: hush, password: hush",
    ".passwort: Forbidden: there is no such key: did you mean password?"
)]
fn refuses_credentials(#[case] members: &str, #[case] violation: &str) {
    let found = violations(&credentials(members));
    assert_eq!(found, [format!("containerRegistries[example.com][0].credentials{violation}")]);
    assert!(!found.concat().contains("hush"));
}

#[rstest]
#[case::password("username: u, password: 'p:w'", "u", "p:w")]
#[case::auth("auth: dTpwOnc=", "u", "p:w")]
#[case::empty_forms("username: u, password: 'p:w', auth: '', identitytoken: ", "u", "p:w")]
fn reads_credentials(#[case] members: &str, #[case] username: &str, #[case] password: &str) {
    let reading = read(&credentials(members), NOW);
    assert_eq!(violations(&credentials(members)), [""; 0]);
    let registry = reading.registries.0.get(&host("example.com")).unwrap();
    let credentials =
        Credentials::Basic { username: username.to_owned(), password: HiddenText::new(password) };
    assert_eq!(registry.endpoints[0].credentials, Some(credentials));
    assert!(!format!("{:?}", reading.registries).contains("p:w"));
}

#[rstest]
#[case::nothing("")]
#[case::empty_texts("username: '', password: '', auth: ''")]
fn empty_credentials_are_none(#[case] members: &str) {
    let reading = read(&credentials(members), NOW);
    assert_eq!(violations(&credentials(members)), [""; 0]);
    assert_eq!(reading.registries.0.get(&host("example.com")).unwrap().endpoints[0].credentials, None);
}

#[test]
fn reports_all_that_is_wrong() {
    let text = "containerRegistries: {A: [], a.b: [{endpoint: '', ca: x, credentials: {}}, {}]}";
    assert_eq!(violations(text).len(), 4, "{:#?}", violations(text));
}
