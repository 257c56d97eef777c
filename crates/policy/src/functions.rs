//! The rules of Functions: what is filled in, what is refused, and what their annotations may say.

pub mod annotations;
mod defaulting;
mod validation;

pub use defaulting::default;
pub use validation::{validate, validate_scale};
