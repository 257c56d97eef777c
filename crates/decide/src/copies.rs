//! Copies of labelled objects of the base namespace in all other namespaces: what a copy must be, and whether an object
//! is one.

mod base;
mod kind;
mod replica;
pub mod wanted;

pub use base::{Base, State, Template};
pub use kind::CopiedKind;
pub use replica::Replica;
