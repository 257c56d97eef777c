//! Registries: whether one accepts credentials. [`probe()`] asks those that tenants choose, [`Upstream`] those that
//! the administrator chooses for pull-through caches.

mod account;
mod challenge;
mod config;
mod docker_hub;
mod probe;
mod site;
mod upstream;

pub use account::{Account, AccountError};
pub use config::RegistryConfig;
pub(crate) use probe::fuzz_challenge;
pub use probe::{Verdict, probe};
pub use upstream::{Answer, Proxies, Upstream, UpstreamError};
