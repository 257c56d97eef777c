//! Random valid models for tests.

use std::time::Duration;

use policy::container_registries::{
    Address, Capability, Credentials, Endpoint, Fallback, HiddenText, Host, Registries, Registry, Scheme,
};
use proptest::prelude::*;
use proptest::{option, sample};

/// An authority that is valid for long.
pub(super) const CA: &str = include_str!("random/ca.pem");

/// Texts that hurt: quotes, what YAML and TOML give a meaning, and other scripts.
fn text() -> impl Strategy<Value = String> {
    let hostile = sample::select(vec![
        "yes",
        "null",
        "~",
        "0123",
        "1e3",
        "*a",
        "&a",
        "!a",
        "- a",
        "{a}",
        "[a]",
        "# a",
        "a #b",
        "'",
        "\"",
        "\\",
        "\\n",
        "'''",
        "\"\"\"",
        "%s",
        "${A}",
        "@a",
        "`a`",
        "| a",
        "> a",
        "? a",
        " a ",
        "é\u{301}",
        "\u{feff}",
        "😀",
        "=",
        "<<",
        ".",
    ]);
    prop_oneof![hostile.prop_map(str::to_owned), "[^:\\pC]{1,12}"]
}

fn credentials() -> impl Strategy<Value = Credentials> {
    let basic = (text(), prop_oneof![text(), "[^\\pC]{1,20}"]);
    let basic = basic.prop_map(|(username, password)| Credentials::Basic {
        username,
        password: HiddenText::new(password),
    });
    let token = "[!-~]{1,20}".prop_map(|token| Credentials::IdentityToken(HiddenText::new(token)));
    prop_oneof![3 => basic, 1 => token]
}

/// An endpoint whose address holds the number, so that no other one is the same.
fn endpoint(number: usize) -> impl Strategy<Value = Endpoint> {
    let names =
        vec![format!("m{number}.example.com"), format!("m{number}"), format!("[2001:db8::{number:x}]")];
    let port = option::of(1_u16..);
    let address = (sample::select(names), port).prop_map(|(name, port)| match port {
        Some(port) => format!("{name}:{port}"),
        None => name,
    });
    let path = sample::select(vec!["", "", "", "/v2/hub", "/api/docker/hub"]);
    let capabilities = sample::subsequence(Capability::ALL.to_vec(), 1..=3);
    let settings = (option::of(credentials()), any::<bool>(), any::<bool>(), option::of(1..=600_000_u64));
    let is_plain = prop::bool::weighted(0.2);
    (address, path, any::<bool>(), is_plain, capabilities, settings).prop_map(
        |(address, path, is_root, is_plain, capabilities, (credentials, skip_verify, has_ca, timeout))| {
            Endpoint {
                scheme: if is_plain { Scheme::Http } else { Scheme::Https },
                skip_verify: skip_verify && !is_plain,
                override_path: is_root || !path.is_empty(),
                credentials: credentials.filter(|_| !is_plain),
                ca: (has_ca && !is_plain).then(|| CA.to_owned()),
                capabilities: capabilities.into_iter().collect(),
                dial_timeout: timeout.map(Duration::from_millis),
                ..Endpoint::at(Address::parse(&format!("{address}{path}")).unwrap())
            }
        },
    )
}

/// A registry of a host; with `own`, the host itself is one of the endpoints.
fn registry(number: usize, host: Host) -> impl Strategy<Value = (Host, Registry)> {
    let endpoints = (1..=3_usize).prop_flat_map(move |count| {
        (0..count).map(|index| endpoint(number * 10 + index)).collect::<Vec<_>>()
    });
    (endpoints, any::<bool>(), option::of(0..3_usize)).prop_map(move |(mut endpoints, none, own)| {
        if let (Some(own), Some(api)) = (own, host.api()) {
            let count = endpoints.len();
            let endpoint = &mut endpoints[own % count];
            endpoint.address = Address::parse(api).unwrap();
            endpoint.override_path = false;
        }
        let fallback = if none { Fallback::None } else { Fallback::Upstream };
        (host.clone(), Registry { endpoints, fallback })
    })
}

/// Models in which no address is that of two endpoints.
pub(super) fn registries() -> impl Strategy<Value = Registries> {
    let hosts =
        ["docker.io", "_default", "quay.io", "example.com:5000", "[2001:db8::ffff]:5000", "localhost:5000"];
    let chosen = sample::subsequence(hosts.to_vec(), 1..=4);
    let all = chosen.prop_flat_map(|hosts| {
        let hosts = hosts.into_iter().enumerate();
        hosts.map(|(number, host)| registry(number, Host::parse(host).unwrap())).collect::<Vec<_>>()
    });
    all.prop_map(|all| Registries(all.into_iter().collect()))
}
