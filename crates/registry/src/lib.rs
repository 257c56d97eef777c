//! What stands in front of a registry or of a pull-through cache in the cluster: a gateway to it, and the server of its
//! tokens.
//!
//! What is allowed is decided in `decide::registry`, without I/O. Here are the keys that sign ([`signing`], [`sign`]), the
//! accounts ([`follow`], [`accounts`]), the verification of passwords ([`passwords`]) and of tokens of Pods
//! ([`service_accounts`]), and the refresh tokens ([`refresh`]). [`server`] answers requests with all of them; [`gateway`]
//! passes everything else on. [`access`] logs both. [`cache`] is what the gateway of a pull-through cache does besides.

pub mod access;
pub mod accounts;
pub mod cache;
mod challenge;
pub mod cli;
mod digest;
pub mod endpoint;
mod error_form;
pub mod follow;
pub mod gateway;
mod generations;
pub mod in_force;
pub mod metrics;
pub mod passwords;
pub mod probes;
mod queue;
pub mod refresh;
pub mod router;
pub mod server;
pub mod service_accounts;
pub mod sign;
pub mod signing;
mod stream;
pub mod token_server;
mod watch;
