//! Whether a node has what was asked for.

use std::time::Duration;

use policy::container_registries::{Capability, Endpoint, Registries, Scheme};
use rstest::rstest;

use super::*;
use crate::nodes::examples::{basic, endpoint, registry, without_fallback};
use crate::nodes::render::hosts::{Options, render};

const REMEDY: &str = "write what was asked for: `serverless-webhook render --to hosts` prints it";

/// A node with what is rendered for some registries.
fn rendered(registries: &Registries, options: Options) -> Tree {
    let files = render(registries, options).files.0;
    let mut all = vec![("config.toml".to_owned(), CONFIG.to_owned())];
    all.extend(files.into_iter().map(|(path, text)| (format!("certs.d/{path}"), text.reveal().to_owned())));
    let all: Vec<_> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    node(&all)
}

/// What differs from what is wanted, without what is found of the files alone.
fn differences(tree: &Tree, wanted: &Registries) -> Vec<String> {
    let alone = found(&input(tree, "2.4.0"));
    let mut all = found(&Input { wanted: Some(wanted), ..input(tree, "2.4.0") });
    all.retain(|text| !alone.contains(text));
    all
}

/// A mirror with its own credentials.
fn mirror() -> Endpoint {
    let credentials = Some(basic("me", "secret"));
    Endpoint { credentials, dial_timeout: Some(Duration::from_secs(1)), ..endpoint("mirror.example.com") }
}

/// Another endpoint, which is trusted for its authority.
fn second() -> Endpoint {
    Endpoint {
        ca: Some(CA.to_owned()),
        dial_timeout: Some(Duration::from_secs(1)),
        ..endpoint("second.example.com")
    }
}

#[rstest]
#[case::fallback(registry("quay.io", vec![mirror(), second()]))]
#[case::none(without_fallback("example.com:5000", vec![mirror(), second()]))]
#[case::one(without_fallback("_default", vec![second()]))]
#[case::hub(registry("docker.io", vec![endpoint("registry-1.docker.io")]))]
#[case::all(crate::nodes::examples::all())]
fn what_is_rendered_is_what_was_asked_for(#[case] registries: Registries) {
    let tree = rendered(&registries, Options::default());
    assert_eq!(differences(&tree, &registries), Vec::<String>::new());
}

#[test]
fn a_host_without_a_file() {
    let tree = node(&[("config.toml", CONFIG), ("certs.d/quay.io/ca.crt", CA)]);
    let mut wanted = registry("quay.io", vec![mirror()]);
    wanted.0.extend(registry("example.com:5000", vec![mirror()]).0);
    wanted.0.extend(registry("_default", vec![mirror()]).0);
    let missing = |host, asks| {
        format!("certs.d/{host}/hosts.toml:1 error: is missing: containerd asks {asks} | {REMEDY}")
    };
    let expected = [
        missing("_default", "the registry of each image"),
        missing("example.com:5000", "example.com:5000 itself"),
        missing("quay.io", "quay.io itself"),
    ];
    assert_eq!(differences(&tree, &wanted), expected);
}

#[test]
fn a_host_that_nobody_asked_for() {
    let tree = rendered(&registry("quay.io", vec![mirror()]), Options::default());
    let remedy = "delete the folder, or add quay.io to containerRegistries";
    let problem = "configures quay.io, which nobody asked for";
    let expected = format!("certs.d/quay.io/hosts.toml:1 warning: {problem} | {remedy}");
    assert_eq!(differences(&tree, &Registries::default()), [expected]);
}

fn changed(change: impl FnOnce(&mut Endpoint)) -> Vec<Endpoint> {
    let mut endpoint = mirror();
    change(&mut endpoint);
    vec![endpoint, second()]
}

#[rstest]
#[case::capabilities(changed(|it| it.capabilities = [Capability::Pull].into()), &[(4, "`capabilities` of https://mirror.example.com is not what was asked for")])]
#[case::skip_verify(changed(|it| it.skip_verify = true), &[(3, "`skip_verify` of https://mirror.example.com is not what was asked for")])]
#[case::dial_timeout(changed(|it| it.dial_timeout = Some(Duration::from_secs(2))), &[(5, "`dial_timeout` of https://mirror.example.com is not what was asked for")])]
#[case::no_dial_timeout(changed(|it| it.dial_timeout = None), &[(5, "`dial_timeout` of https://mirror.example.com is not what was asked for")])]
#[case::ca(changed(|it| it.ca = Some(CA.to_owned())), &[(3, "`ca` of https://mirror.example.com is not what was asked for")])]
#[case::password(changed(|it| it.credentials = Some(basic("me", "other"))), &[(7, "has other credentials for https://mirror.example.com than those that were asked for")])]
#[case::no_password(changed(|it| it.credentials = None), &[(7, "has a header for https://mirror.example.com, which nobody asked for")])]
#[case::http(changed(|it| it.scheme = Scheme::Http), &[(1, "does not name http://mirror.example.com, which was asked for"), (3, "names https://mirror.example.com, which nobody asked for")])]
#[case::order(vec![second(), mirror()], &[(3, "tries https://mirror.example.com before https://second.example.com: another order was asked for")])]
#[case::fewer(vec![mirror()], &[(10, "names https://second.example.com, which nobody asked for")])]
fn a_server_that_differs(#[case] wanted: Vec<Endpoint>, #[case] problems: &[(usize, &str)]) {
    let tree = rendered(&registry("quay.io", vec![mirror(), second()]), Options::default());
    let expected: Vec<_> = problems
        .iter()
        .map(|(line, problem)| format!("certs.d/quay.io/hosts.toml:{line} error: {problem} | {REMEDY}"))
        .collect();
    assert_eq!(differences(&tree, &registry("quay.io", wanted)), expected);
}

#[test]
fn the_server_that_is_asked_last() {
    let tree = rendered(&registry("quay.io", vec![mirror()]), Options::default());
    let wanted = without_fallback("quay.io", vec![mirror(), second()]);
    let problem = "asks https://quay.io last, and https://second.example.com was asked for";
    let expected = format!("certs.d/quay.io/hosts.toml:1 error: {problem} | {REMEDY}");
    assert_eq!(differences(&tree, &wanted), [expected]);
}

#[test]
fn credentials_that_are_missing_unless_the_provider_has_them() {
    let wanted = registry("quay.io", vec![mirror()]);
    let mut tree = rendered(&wanted, Options { credentials: false, ..Options::default() });
    let problem = "has no credentials for https://mirror.example.com";
    let expected = format!("certs.d/quay.io/hosts.toml:3 error: {problem} | {REMEDY}");
    assert_eq!(differences(&tree, &wanted), [expected]);
    tree.add("/etc/containerd/certs.d/registry-credentials.json", file(r#"{"registries": {}}"#, 0o600));
    assert_eq!(differences(&tree, &wanted), Vec::<String>::new());
}
