//! Decisions of the controller, pure: what is observed goes in, a plan comes out. Nothing here asks, waits or writes.
//!
//! Each kind of object that is reconciled has a folder: `function`, `copies`, `registry`, `cache`. `runtimes` decides what the webhook gets.
//! All share a vocabulary: a [`plan::Plan`] is a plain value, `draft` is the plan as it grows, [`drift`] shows whether an
//! object is stored already, [`transition`] which changes of a status are written.

pub mod backoff;
pub mod cache;
pub mod copies;
mod draft;
pub mod drift;
pub mod finalizers;
pub mod function;
pub mod hash;
mod kind;
pub mod nodes;
mod object;
pub mod owner;
pub mod plan;
mod pod;
#[cfg(test)]
mod recorded;
pub mod registry;
mod resources;
pub mod runtimes;
mod status;
pub mod transition;

pub use kind::Kind;
pub use status::Status;

/// The namespace and the name of an object.
pub type Key = (String, String);
