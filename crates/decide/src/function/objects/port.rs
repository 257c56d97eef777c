//! The port that Functions listen on.

/// Its number.
pub(super) const NUMBER: i32 = 8080;
/// Its name, of the Service too.
pub(super) const NAME: &str = "http";
