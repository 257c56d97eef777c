//! The pure admission rules: no clock, no environment, no I/O, no async.
//!
//! Every rule is a function from configuration and objects to a [`Decision`]; what a decision looks like on the
//! wire is not here.

pub mod decision;
pub mod object;
pub mod syntax;
pub mod violation;

pub use decision::Decision;
pub use object::{FunctionObject, GitRepositoryObject, Meta, Object};
pub use violation::{Problem, Value, Violation};
