//! Certificates of registries and caches: how they are read from Secrets, made, and written.

mod read;
mod root;
mod steps;
mod stored_secret;

pub(crate) use root::Turn;

pub(crate) use read::{mapped, own, server};
pub(crate) use root::Root;
pub(crate) use steps::{bytes, tokens, unmade};
pub(crate) use stored_secret::StoredSecret;
