//! Models for tests.

use std::time::Duration;

use policy::container_registries::{
    Address, Capability, Credentials, Endpoint, Fallback, HiddenText, Host, Registries, Registry, Scheme,
};

pub(super) fn endpoint(address: &str) -> Endpoint {
    Endpoint::at(Address::parse(address).unwrap())
}

pub(super) fn basic(username: &str, password: &str) -> Credentials {
    Credentials::Basic { username: username.into(), password: HiddenText::new(password) }
}

pub(super) fn registry(host: &str, endpoints: Vec<Endpoint>) -> Registries {
    let registry = Registry { endpoints, fallback: Fallback::Upstream };
    Registries([(Host::parse(host).unwrap(), registry)].into())
}

pub(super) fn without_fallback(host: &str, endpoints: Vec<Endpoint>) -> Registries {
    let mut registries = registry(host, endpoints);
    registries.0.values_mut().for_each(|registry| registry.fallback = Fallback::None);
    registries
}

/// The example of the request for this feature.
pub(super) fn seed() -> Registries {
    let hub = Endpoint {
        credentials: Some(basic("my_user_name", "my_password")),
        ..endpoint("registry-1.docker.io")
    };
    registry("docker.io", vec![hub, endpoint("my-mirror-registry.mydomain.io")])
}

/// Each thing that a model can say.
pub(super) fn all() -> Registries {
    let cache = Endpoint {
        override_path: true,
        ca: Some("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n".into()),
        capabilities: Capability::ALL.into(),
        dial_timeout: Some(Duration::from_millis(1500)),
        credentials: Some(Credentials::IdentityToken(HiddenText::new("to\"ken"))),
        ..endpoint("cache.example.com:5000/v2/docker")
    };
    let plain = Endpoint { scheme: Scheme::Http, ..endpoint("[2001:db8::1]:5000") };
    let own = Endpoint {
        skip_verify: true,
        credentials: Some(basic("me", "*p: 'w\" #é")),
        ..endpoint("registry.example.com:5000")
    };
    let mut all = registry("docker.io", vec![cache.clone(), plain]);
    all.0.extend(registry("registry.example.com:5000", vec![own]).0);
    all.0.extend(without_fallback("_default", vec![endpoint("mirror.example.com"), cache]).0);
    all
}
