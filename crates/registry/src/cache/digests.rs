//! What logins, repositories and images are remembered by: authentication codes with a key that only this process has.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use decide::registry::token::basic::Login;

use crate::digest::digest;
use crate::generations::Digest;

/// Makes the codes.
#[derive(Debug)]
pub(super) struct Digests(hmac::Key);

impl Digests {
    pub(super) fn new() -> Result<Self, Unspecified> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map(Self)
    }

    /// A login and a repository.
    pub(super) fn question(&self, login: Option<&Login>, repository: &str) -> Digest {
        let (user, password) = parts(login);
        digest(&self.0, ["question", user, password, repository])
    }

    /// A login.
    pub(super) fn login(&self, login: Option<&Login>) -> Digest {
        let (user, password) = parts(login);
        digest(&self.0, ["login", user, password])
    }

    /// A user, whatever its password, and however it is spelled: many registries know one user in all cases.
    pub(super) fn user(&self, login: &Login) -> Digest {
        digest(&self.0, ["user", &login.user.trim().to_lowercase()])
    }
}

/// No login has an empty user, so nobody is nobody else.
fn parts(login: Option<&Login>) -> (&str, &str) {
    login.map_or(("", ""), |login| (login.user.as_str(), login.password.reveal()))
}
