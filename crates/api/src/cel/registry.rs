//! Rules of the kinds of registries. `policy` has the same ones.

mod account;
mod build_env;
mod image_registry;
mod image_secret;
mod shared;

pub(crate) use account::*;
pub(crate) use build_env::*;
pub(crate) use image_registry::*;
pub(crate) use image_secret::*;
pub(crate) use shared::{object_name, one_source_of_a_certificate};
