//! Keeps the registry configuration of containerd on a node as one Secret asks for it. What to write is decided in
//! `decide::nodes`; here it is read, written and watched.

mod account;
mod admin;
mod agent;
mod any_certificate;
mod apply;
mod area;
mod ask;
pub mod cli;
mod connect;
mod content;
mod discard;
pub mod doctor;
pub mod error;
mod files;
mod http;
mod logins;
pub mod metrics;
mod names;
pub mod node;
mod pause;
mod read;
mod source;
mod status;
#[cfg(test)]
mod test_server;
mod uninstall;
mod write;
