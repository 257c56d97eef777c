//! The rules of `docker_auth`: the first one that matches a request decides what of it is allowed.
//!
//! Read from YAML by [`Acl::read`], compiled once, asked by [`Acl::allowed`]. Nothing that a client or a label says can
//! change what a pattern means: values are compared character by character, or quoted in regular expressions.

mod error;
mod glob;
mod network;
mod pattern;
mod policy;
mod read;
mod request;
mod rule;
mod rules;
mod template;
mod user;
mod warnings;

pub use error::{AclError, AclErrors, PatternError, Warning};
pub use policy::Policy;
pub use request::{ANONYMOUS, Request};
pub use rules::{Acl, Deciding, Explanation};
pub use user::User;

#[cfg(test)]
mod tests;
