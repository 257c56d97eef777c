//! Random models, as admission lets them pass.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use policy::container_registries::{
    Address, Capability, Credentials, Endpoint, Fallback, HiddenText, Host, Registries, Registry, Scheme,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any as anything, prop_oneof};
use proptest::sample::{select, subsequence};
use rcgen::{CertificateParams, DnType, IsCa, KeyPair};

const HOSTS: [&str; 8] = [
    "docker.io",
    "_default",
    "quay.io",
    "example.com:5000",
    "10.0.0.1:5000",
    "[2001:db8::1]:5000",
    "xn--bcher-kva.example",
    "localhost:5001",
];
/// What YAML, TOML, HTTP and shells make something else of.
const HOSTILE: [&str; 12] =
    ["null", "~", "- a", "#u", "*u", "yes", "0x10", "1e3", "'''", "\\u0000\\", "${HOME}", "\u{2028}\u{feff}"];

/// The names of authorities, and their certificates.
pub static AUTHORITIES: LazyLock<[(&str, String); 2]> =
    LazyLock::new(|| ["first", "second"].map(|name| (name, authority(name))));

pub fn any() -> impl Strategy<Value = Registries> {
    let host = select(&HOSTS[..]).prop_map(|host| Host::parse(host).unwrap());
    btree_map(host, registry(), 1..4).prop_map(Registries)
}

fn registry() -> impl Strategy<Value = Registry> {
    let fallback = select(&[Fallback::Upstream, Fallback::None][..]);
    (vec(endpoint(), 1..4), fallback).prop_map(|(mut endpoints, fallback)| {
        let mut seen = BTreeSet::new();
        endpoints.retain(|endpoint| seen.insert(endpoint.address.clone()));
        Registry { endpoints, fallback }
    })
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let capabilities = subsequence(&Capability::ALL[..], 1..=3);
    let dial_timeout = option::of((1_u64..120_000).prop_map(Duration::from_millis));
    let settings = (option::of(credentials()), capabilities, dial_timeout);
    (address(), trust(), settings).prop_map(|((address, override_path), trust, settings)| {
        let (scheme, skip_verify, ca) = trust;
        let (credentials, capabilities, dial_timeout) = settings;
        // No value has credentials without TLS.
        let credentials = credentials.filter(|_| scheme == Scheme::Https);
        let capabilities = capabilities.into_iter().collect();
        Endpoint { address, scheme, skip_verify, override_path, credentials, ca, capabilities, dial_timeout }
    })
}

/// Where it is, and whether the path replaces `/v2`.
fn address() -> impl Strategy<Value = (Address, bool)> {
    let name = prop_oneof![
        "[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?(\\.[a-z]{2,5}){0,2}",
        select(&["registry-1.docker.io", "quay.io", "localhost", "10.0.0.1", "[2001:db8::1]", "[::1]"][..])
            .prop_map(str::to_owned),
    ];
    let port = option::of(1_u16..);
    let path = prop_oneof![2 => Just(None), 1 => Just(Some(String::new())), 1 => "/v2(/[a-z0-9.-]{0,3}x)?".prop_map(Some), 1 => "/[a-z0-9._~-]{1,5}x".prop_map(Some)];
    (name, port, path).prop_map(|(name, port, path)| {
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let text = format!("{name}{port}{}", path.as_deref().unwrap_or_default());
        (Address::parse(&text).unwrap(), path.is_some())
    })
}

/// The scheme, whether any certificate will do, and the authority.
fn trust() -> impl Strategy<Value = (Scheme, bool, Option<String>)> {
    let authority = select(&AUTHORITIES[..]).prop_map(|(_, pem)| pem);
    prop_oneof![
        1 => Just((Scheme::Http, false, None)),
        4 => (anything::<bool>(), option::of(authority)).prop_map(|(skip_verify, ca)| (Scheme::Https, skip_verify, ca)),
    ]
}

fn credentials() -> impl Strategy<Value = Credentials> {
    let token = prop_oneof!["[!-~]{1,30}", "[\"'\\\\#$]{1,8}"];
    let token = token.prop_map(|token| Credentials::IdentityToken(HiddenText::new(token)));
    let basic = (text(), text()).prop_map(|(username, password)| Credentials::Basic {
        username: username.replace(':', "_"),
        password: HiddenText::new(password),
    });
    prop_oneof![basic, token]
}

/// Without control characters.
fn text() -> impl Strategy<Value = String> {
    let hostile = select(&HOSTILE[..]).prop_map(str::to_owned);
    prop_oneof!["[ -~]{1,30}", "\\PC{1,12}", "[\"'\\\\#$ ]{1,8}", hostile]
}

fn authority(name: &str) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}
