//! Registries in the cluster, without I/O: who may do what in one, and the tokens that say so, which is what
//! `serverless-registry` answers; and what the objects of the group become, which is what the controller writes.

pub mod acl;
pub mod build_env;
pub mod cache_access;
pub mod certificates;
pub mod conditions;
pub mod expiry;
pub mod for_functions;
pub mod instance;
pub mod labels;
mod objects;
pub mod observed;
pub mod problem;
pub mod published;
pub mod rotation;
mod rules;
pub mod scope;
pub mod secret;
pub mod secrets;
pub mod status;
pub mod sync;
pub mod tally;
pub mod token;

use std::time::Duration;

use jiff::Timestamp;

/// The longest account, label, service or name that is accepted, in bytes.
pub const NAME_MAX: usize = 255;

/// A time after another one.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}
