//! The API server, for objects of any kind: their cache ([`Cache`]), the one loop of all reconcilers ([`reconcile`]),
//! and the one place that writes ([`Writer`]). Other crates decide what to write.

mod apply;
mod backoff;
mod cache;
pub mod client;
mod clock;
mod error;
mod events;
mod guarded;
mod in_namespace;
mod object;
mod packed;
mod presence;
pub mod reconcile;
mod shutdown;
mod turns;
mod writer;

pub use apply::Intent;
pub use backoff::Failures;
pub use cache::{Cache, Cached, Change, PAGE, key, version};
pub use clock::Clock;
pub use error::Error;
pub use events::Note;
pub use guarded::or_else;
pub use in_namespace::InNamespace;
pub use object::Object;
pub use packed::Packed;
pub use presence::Presence;
pub use turns::{Turn, Turns};
pub use writer::Writer;
