//! Decisions of the controller, pure: what is observed goes in, a plan comes out. Nothing here asks, waits or writes.
//!
//! Each kind of object that is brought forward has a folder: `function`, `copies`; `runtimes` is what the webhook is told. The vocabulary is common to them: a
//! [`plan::Plan`] is a plain value, `draft` is the plan as it grows, [`drift`] tells whether something is stored
//! already, [`transition`] what is worth a write of the status.

pub mod copies;
mod draft;
pub mod drift;
pub mod function;
pub mod hash;
mod kind;
pub mod owner;
pub mod plan;
pub mod runtimes;
mod status;
pub mod transition;

pub use kind::Kind;
pub use status::Status;

/// The namespace and the name of an object.
pub type Key = (String, String);
