//! `registries.yaml`, read by the parser of k3s and RKE2.

use decide::nodes::files::Files;
use decide::nodes::render::k3s::render;
use policy::container_registries::{DOCKER_HUB, Endpoint, HiddenText, Host, Registries, Registry};

use super::{agree, asked, logged_in, trusted, with_each_address_once};
use crate::harness::parsers::{Runtime, Server};

#[test]
fn k3s_reads_what_the_model_says() {
    agree(
        Runtime::K3s,
        with_each_address_once,
        |registries, folder| {
            let files = render(registries).files.0.into_iter().map(|(path, text)| {
                // The authorities are where k3s reads them.
                let here = text.reveal().replace("/etc/rancher/k3s", &folder.display().to_string());
                (path, HiddenText::new(here))
            });
            (Files(files.collect()), "registries.yaml")
        },
        |host, registry, registries| {
            let mut servers: Vec<_> = registry.endpoints.iter().map(of_endpoint).collect();
            servers.push(upstream(host, registries));
            servers
        },
    );
}

fn of_endpoint(endpoint: &Endpoint) -> Server {
    let has_root = endpoint.override_path && !endpoint.address.path().is_empty();
    let url = endpoint.url() + if has_root { "" } else { "/v2" };
    logged_in(Some(endpoint), trusted(endpoint, url))
}

/// The registry that images name: it is asked last, with the settings of its address.
fn upstream(host: &Host, registries: &Registries) -> Server {
    let address = if host.as_str() == DOCKER_HUB { "index.docker.io" } else { asked(host) };
    let is_local = address.starts_with("localhost:") || address.starts_with("127.");
    let scheme = if is_local { "http" } else { "https" };
    let url = format!("{scheme}://{address}/v2");
    let endpoints = registries.0.values().flat_map(|registry: &Registry| &registry.endpoints);
    let same = endpoints.into_iter().find(|endpoint| endpoint.address.authority() == address);
    let server = same.map_or_else(
        || Server { url: url.clone(), ..Server::default() },
        |endpoint| trusted(endpoint, url.clone()),
    );
    logged_in(same, server)
}
