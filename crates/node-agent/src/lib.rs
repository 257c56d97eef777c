//! Keeps the registry configuration of containerd on a node as one Secret asks for it. What to write is decided in
//! `decide::nodes`; here it is read, written and watched.

mod area;
pub mod cli;
pub mod doctor;
pub mod error;
mod files;
pub mod node;
mod read;
mod write;
