//! `hosts.toml`, read by three generations of containerd.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use decide::nodes::render::hosts::{Options, render};
use decide::nodes::version::Version;
use policy::container_registries::{Credentials, Endpoint, Fallback, Host, Registry, Scheme};
use rstest::rstest;

use super::{ANY_HOST, agree, filtered, trusted};
use crate::harness::parsers::{Runtime, Server};

/// What containerd waits unless something else is set, in milliseconds.
const DIAL_TIMEOUT: u64 = 30_000;

#[rstest]
#[case::v1_7(Runtime::Containerd1_7, Version::new(1, 7, 35))]
#[case::v2_2(Runtime::Containerd2_2, Version::new(2, 2, 9))]
#[case::v2_4(Runtime::Containerd2_4, Version::new(2, 4, 2))]
fn containerd_reads_what_the_model_says(#[case] runtime: Runtime, #[case] version: Version) {
    let reads_brackets = version >= Version::new(2, 0, 0);
    agree(
        runtime,
        |registries| {
            filtered(registries, |_, endpoint| reads_brackets || !endpoint.address.host().starts_with('['))
        },
        |registries, _| {
            let options = Options { version, ..Options::default() };
            (render(registries, options).files, "")
        },
        |host, registry, _| expected(version, host, registry),
    );
}

/// What containerd should ask for the images of a host.
fn expected(version: Version, host: &Host, registry: &Registry) -> Vec<Server> {
    let mut servers: Vec<_> =
        registry.endpoints.iter().map(|endpoint| of_endpoint(version, endpoint)).collect();
    if registry.fallback == Fallback::Upstream {
        servers.push(upstream(version, host, registry));
    }
    servers
}

fn of_endpoint(version: Version, endpoint: &Endpoint) -> Server {
    let header = match &endpoint.credentials {
        None => None,
        Some(Credentials::Basic { username, password }) => {
            Some(format!("Basic {}", BASE64.encode(format!("{username}:{}", password.reveal()))))
        }
        Some(Credentials::IdentityToken(token)) => Some(format!("Bearer {}", token.reveal())),
    };
    let knows_timeouts = version >= Version::new(2, 1, 0);
    let dial_timeout = endpoint.dial_timeout.filter(|_| knows_timeouts).map(|timeout| timeout.as_millis());
    Server {
        capabilities: endpoint.capabilities.iter().map(|capability| capability.as_str().to_owned()).collect(),
        header: header.map(|header| ("Authorization".to_owned(), vec![header])).into_iter().collect(),
        dial_timeout: dial_timeout.map_or(DIAL_TIMEOUT, |milliseconds| milliseconds.try_into().unwrap()),
        ..trusted(endpoint, url_of_api(endpoint))
    }
}

/// The registry that images name, which is asked last, without credentials of the node.
fn upstream(version: Version, host: &Host, registry: &Registry) -> Server {
    let endpoint = registry.endpoints.iter().find(|endpoint| endpoint.is_upstream_of(host));
    let scheme = endpoint.map_or(Scheme::Https, |endpoint| endpoint.scheme);
    let url = format!("{scheme}://{}/v2", host.api().unwrap_or(ANY_HOST));
    let all = ["pull", "resolve", "push", "referrers"];
    let known = if version >= Version::new(2, 0, 0) { &all[..] } else { &all[..3] };
    Server {
        capabilities: known.iter().map(|&capability| capability.to_owned()).collect(),
        dial_timeout: DIAL_TIMEOUT,
        ..endpoint.map_or_else(
            || Server { url: url.clone(), ..Server::default() },
            |endpoint| trusted(endpoint, url.clone()),
        )
    }
}

/// The URL below which containerd asks.
fn url_of_api(endpoint: &Endpoint) -> String {
    endpoint.url() + if endpoint.override_path { "" } else { "/v2" }
}
