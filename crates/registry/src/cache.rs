//! What the gateway of a pull-through cache does besides passing requests on.
//!
//! It follows the one Secret with the credentials for the upstream ([`follow`], [`credentials`]) and gives them to the
//! registry beside it ([`socket`]), which asks with a credential helper ([`helper`]). It decides who may pull by asking the
//! upstream with the client's own login ([`authorize`], [`prove`]), and keeps back what must not or cannot be served now
//! ([`guard`]). It answers probes of nodes in place of a registry that would log a warning each time ([`base_endpoint`]).

mod attempts;
pub mod authorize;
pub mod base_endpoint;
mod broken_blobs;
pub mod credentials;
mod digests;
#[cfg(test)]
mod fake;
pub mod follow;
pub mod guard;
mod held_back;
pub mod helper;
mod holder;
mod images;
mod keyed;
mod limit;
pub mod metrics;
pub mod prove;
pub mod reach;
pub mod socket;
mod verdicts;

#[cfg(test)]
mod tests;
