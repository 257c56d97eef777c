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
use toml_edit::Value;

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

/// A text between double quotes. Left to itself, the TOML crate writes some texts between three single quotes, where the
/// parser of containerd 1.x takes the last quote of `\'` for one of the three and ignores the file.
fn quoted(text: &str) -> Value {
    let escaped: String = text
        .chars()
        .map(|character| match character {
            '"' | '\\' => format!("\\{character}"),
            _ if character.is_control() => format!("\\u{:04X}", u32::from(character)),
            _ => character.to_string(),
        })
        .collect();
    // What is escaped always parses.
    format!("\"{escaped}\"").parse().unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::quoted;

    #[rstest]
    #[case::plain("Basic dTpw", r#""Basic dTpw""#)]
    #[case::backslash_and_quote(r"\'", r#""\\'""#)]
    #[case::both_quotes("\"'", r#""\"'""#)]
    #[case::control("a\n\u{7f}é", r#""a\u000A\u007Fé""#)]
    fn texts_are_written_between_double_quotes(#[case] text: &str, #[case] written: &str) {
        let value = quoted(text);
        assert_eq!((value.to_string().as_str(), value.as_str()), (written, Some(text)));
    }
}
