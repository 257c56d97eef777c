//! `registries.conf.d` and the file of logins, read by the parsers of CRI-O.

use decide::nodes::render::crio::render;
use policy::container_registries::{
    Capability, DOCKER_HUB, Endpoint, Fallback, Host, Registries, Registry, Scheme,
};

use super::{agree, filtered, logged_in, with_each_address_once};
use crate::harness::parsers::{Runtime, Server};

#[test]
fn crio_reads_what_the_model_says() {
    agree(
        Runtime::Crio,
        |registries| {
            let expressible =
                filtered(registries, |host, endpoint| !host.is_any() && location(endpoint).is_some());
            with_each_address_once(expressible)
        },
        |registries, _| (render(registries).files, ""),
        |host, registry, registries| {
            let mut servers: Vec<_> = registry.endpoints.iter().map(of_endpoint).collect();
            match registry.fallback {
                Fallback::Upstream => servers.push(upstream(host, registry, registries)),
                // What is asked last is asked for everything.
                Fallback::None => servers.last_mut().unwrap().by.clear(),
            }
            servers
        },
    );
}

fn of_endpoint(endpoint: &Endpoint) -> Server {
    let only_digests = endpoint.capabilities.iter().eq([&Capability::Pull]);
    let server = Server {
        by: if only_digests { "digest-only".to_owned() } else { String::new() },
        ..at(&location(endpoint).unwrap(), is_insecure(endpoint))
    };
    logged_in(Some(endpoint), server)
}

/// The registry that images name: it is asked last, with the login of its address.
fn upstream(host: &Host, registry: &Registry, registries: &Registries) -> Server {
    let endpoint = registry.endpoints.iter().find(|endpoint| endpoint.is_upstream_of(host));
    let mut endpoints = registries.0.values().flat_map(|registry| &registry.endpoints);
    let same = endpoints.find(|endpoint| location(endpoint).as_deref() == Some(host.as_str()));
    logged_in(same, at(host.as_str(), endpoint.is_some_and(is_insecure)))
}

fn at(location: &str, insecure: bool) -> Server {
    Server { url: format!("{location}/namespace/image"), insecure, ..Server::default() }
}

fn is_insecure(endpoint: &Endpoint) -> bool {
    endpoint.skip_verify || endpoint.scheme == Scheme::Http
}

/// Where the repositories are that an endpoint serves, if CRI-O can ask there.
fn location(endpoint: &Endpoint) -> Option<String> {
    let address = &endpoint.address;
    if address.is_docker_hub() {
        return Some(DOCKER_HUB.to_owned());
    }
    let is_host =
        address.host() == "localhost" || address.host().contains(['.', '[']) || address.port().is_some();
    let path = match address.path() {
        "" if endpoint.override_path => return None,
        "" | "/v2" => "",
        path => path.strip_prefix("/v2")?,
    };
    let is_name = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
    (is_host && is_name).then(|| format!("{}{path}", address.authority()))
}
