//! Writes the model in the formats of all runtimes. What a format cannot express is reported as a loss, never dropped
//! silently.

pub mod hosts;
pub mod values;

use std::fmt::Display;

use policy::container_registries::Host;

/// A sentence about a field of an endpoint.
fn loss(host: &Host, index: usize, field: &str, text: impl Display) -> String {
    format!("{host}[{index}].{field}: {text}")
}
