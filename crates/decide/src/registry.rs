//! Who may do what in a registry, and the tokens that say so: what `serverless-registry` answers, without I/O.

pub mod acl;
pub mod labels;
pub mod rotation;
pub mod scope;
pub mod token;

/// The longest account, label, service or name that is accepted, in bytes.
pub const NAME_MAX: usize = 255;
