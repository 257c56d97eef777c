//! What all programs have in common as processes. Nothing of admission, of Functions or of registries.

pub mod admin;
pub mod any_certificate;
pub mod causes;
#[cfg(feature = "certificates")]
pub mod certificates;
pub mod exit;
pub mod generate;
pub mod help;
pub mod https;
pub mod kubernetes;
pub mod lease;
pub mod logging;
pub mod manifests;
pub mod metrics;
pub mod printable;
pub mod printed;
pub mod reread;
pub mod settings;
pub mod shell;
pub mod signals;
pub mod terminal;
pub mod value;
pub mod yaml;
