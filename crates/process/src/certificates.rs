//! Certificates that programs make themselves and keep in Secrets: how they are made, and how what is stored is read.

mod issue;
mod read;

pub use issue::{BACKDATED, Pair, authority, random_key, server};
pub use rcgen::Error;
pub use read::{Certificate, Keyed};
