//! Writes the model in the formats of all runtimes. What a format cannot express is reported as a loss, never dropped
//! silently.

mod by_address;
pub mod containerd_config;
pub mod credential_provider;
pub mod crio;
pub mod hosts;
pub mod k3s;
pub mod kubeadm;
pub mod talos;
pub mod values;

use std::fmt::Display;

use policy::container_registries::{Capability, Endpoint, Host};

/// A sentence about a field of an endpoint.
fn loss(host: &Host, index: usize, field: &str, text: impl Display) -> String {
    format!("{host}[{index}].{field}: {text}")
}

/// What a format loses that knows addresses, logins and trust alone.
fn common_losses(host: &Host, index: usize, endpoint: &Endpoint, losses: &mut Vec<String>) {
    if !is_for_pulls(endpoint) {
        let text = "the format has none: endpoints are used for pull and resolve";
        losses.push(loss(host, index, "capabilities", text));
    }
    if endpoint.dial_timeout.is_some() {
        losses.push(loss(host, index, "dialTimeout", "the format has none"));
    }
}

/// Whether an endpoint is used for what endpoints are used for unless something else is set.
fn is_for_pulls(endpoint: &Endpoint) -> bool {
    endpoint.capabilities.iter().eq(&[Capability::Pull, Capability::Resolve])
}

/// The URL whose path is that of the API; containerd and k3s add `/v2` to one without a path alone.
fn url_of_api(endpoint: &Endpoint) -> String {
    let has_root = endpoint.override_path || endpoint.address.path().is_empty();
    endpoint.url() + if has_root { "" } else { "/v2" }
}

/// The name of all other hosts in formats that write `*`.
fn name_with_star(host: &Host) -> &str {
    if host.is_any() { "*" } else { host.as_str() }
}
