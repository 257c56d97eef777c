//! Registries: whether one accepts credentials.

mod account;
mod config;
mod probe;

pub use account::{Account, AccountError};
pub use config::RegistryConfig;
pub(crate) use probe::fuzz_challenge;
pub use probe::{Verdict, probe};
