//! Passwords of accounts.

use api::registry::PasswordHash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cluster::{Error, Turns};
use zeroize::Zeroizing;

/// The random bytes of a password: 256 bits, which nobody guesses.
const BYTES: usize = 32;
/// The cost of a hash, as image-registry-operator has it. Nobody guesses the password, whatever it is.
const COST: u32 = 10;
/// How many hashes are computed at the same time, and how many of them for one namespace.
const TURNS: [usize; 2] = [2, 1];

/// Makes passwords. Namespaces take turns, since each hash takes a processor for a while.
pub(super) struct Passwords(Turns);

impl Default for Passwords {
    fn default() -> Self {
        let [all, of_a_namespace] = TURNS;
        Self(Turns::new(all, of_a_namespace))
    }
}

impl Passwords {
    /// A new password with its hash, for an account of a namespace.
    pub(super) async fn generate(&self, namespace: &str) -> Result<(Zeroizing<String>, PasswordHash), Error> {
        let _turn = self.0.take(namespace).await;
        let generated = tokio::task::spawn_blocking(password).await.ok().flatten();
        // Neither the randomness of the system nor the hash fails, short of a fault in them.
        generated.ok_or(Error::Panicked)
    }
}

fn password() -> Option<(Zeroizing<String>, PasswordHash)> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes).ok()?;
    let password = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
    let hash = bcrypt::hash(password.as_bytes(), COST).ok()?;
    Some((password, PasswordHash(hash)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use policy::image_registry_accounts::bcrypt::parse;

    use super::*;

    #[test]
    fn each_password_is_another_one_and_has_a_hash_that_accounts_may_have() {
        let (password, hash) = password().unwrap();
        assert_eq!((password.len(), URL_SAFE_NO_PAD.decode(&*password).unwrap().len()), (43, BYTES));
        assert_eq!(parse(&hash.0).unwrap().cost(), 10);
        assert!(bcrypt::verify(password.as_bytes(), &hash.0).unwrap());
        assert_ne!(*super::password().unwrap().0, *password);
    }
}
