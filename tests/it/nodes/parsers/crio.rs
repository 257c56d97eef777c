//! `registries.conf.d` and the file of logins, read by the parsers of CRI-O.

use decide::nodes::render::crio::render;
use policy::container_registries::{
    Capability, DOCKER_HUB, Endpoint, Fallback, Host, Registries, Registry, Scheme,
};

use super::{agree, filtered, with_each_address_once};
use crate::harness::parsers::{Runtime, Server};

#[test]
fn crio_reads_what_the_model_says() {
    agree(
        Runtime::Crio,
        |registries| {
            let expressible =
                filtered(registries, |host, endpoint| is_in_names(host) && location(endpoint).is_some());
            with_each_address_once(expressible)
        },
        |registries, _| (render(registries).files, ""),
        |host, registry, registries| {
            let mut servers: Vec<_> = registry.endpoints.iter().map(of_endpoint).collect();
            match registry.fallback {
                Fallback::Upstream => servers.push(upstream(host, registry, registries)),
                // What is asked last is asked for everything.
                Fallback::None => {
                    let last = servers.last_mut().unwrap();
                    last.by.clear();
                    last.insecure &= !is_secure_for_another(host, registry, registries);
                }
            }
            servers
        },
    );
}

/// Names of images begin with no IPv6 address.
fn is_in_names(host: &Host) -> bool {
    !host.is_any() && !host.as_str().starts_with('[')
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
    let is_insecure = endpoint.is_some_and(is_insecure) && !is_secure_for_another(host, registry, registries);
    logged_in(same, at(host.as_str(), is_insecure))
}

/// Whether what is asked last for a host is also asked last for another one, which wants it secure.
fn is_secure_for_another(host: &Host, registry: &Registry, registries: &Registries) -> bool {
    let (asked, _) = last(host, registry);
    registries
        .0
        .iter()
        .any(|(other, registry)| other != host && last(other, registry) == (asked.clone(), false))
}

/// What is asked last, and whether it may be insecure.
fn last(host: &Host, registry: &Registry) -> (String, bool) {
    let upstream = registry.endpoints.iter().find(|endpoint| endpoint.is_upstream_of(host));
    match (registry.fallback, registry.endpoints.last()) {
        (Fallback::None, Some(endpoint)) => (location(endpoint).unwrap(), is_insecure(endpoint)),
        _ => (host.to_string(), upstream.is_some_and(is_insecure)),
    }
}

/// Where there is only a token, docker's name for a user that is none stands beside it.
fn logged_in(endpoint: Option<&Endpoint>, server: Server) -> Server {
    let server = super::logged_in(endpoint, server);
    let username = if server.token.is_empty() { server.username } else { "<token>".to_owned() };
    Server { username, ..server }
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
    let is_ipv6 = address.host().starts_with('[');
    let is_host = address.host() == "localhost" || address.host().contains('.') || address.port().is_some();
    let path = match address.path() {
        "" if endpoint.override_path => return None,
        "" | "/v2" => "",
        path => path.strip_prefix("/v2")?,
    };
    let is_name = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
    (is_host && is_name && !is_ipv6).then(|| format!("{}{path}", address.authority()))
}
