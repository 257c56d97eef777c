//! The port that Functions listen on.

/// Its number.
pub(super) const NUMBER: i32 = 8080;
/// Its name, also in the Service.
pub(super) const NAME: &str = "http";
