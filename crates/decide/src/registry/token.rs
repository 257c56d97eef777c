//! The token protocol of distribution: what a client sends goes in, the claims of a token or a refusal come out.
//!
//! [`request`] reads what is sent. Who that is, is found out in between, by somebody else: an [`Identity`] says it.
//! [`grant()`] decides. Nothing here verifies a password or signs.

pub mod answer;
pub mod basic;
mod form;
pub mod grant;
pub mod refusal;
pub mod request;

pub use answer::answer;
pub use grant::{Access, Claims, Config, Grant, Identity, Moment, grant};
pub use refusal::Refusal;
pub use request::{Credentials, TokenRequest};

#[cfg(test)]
mod tests;
