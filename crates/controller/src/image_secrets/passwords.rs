//! Passwords of accounts.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::registry::PasswordHash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cluster::{Error, Turn, Turns};
use zeroize::Zeroizing;

/// The random bytes of a password: 256 bits, which nobody guesses.
const BYTES: usize = 32;
/// The cost of a hash, as image-registry-operator has it. Nobody guesses the password, whatever it is.
const COST: u32 = 10;
/// How many hashes are computed at the same time, and how many of them for one namespace.
const TURNS: [usize; 2] = [2, 1];

/// How long a hash takes, about.
const HASH: Duration = Duration::from_millis(100);
/// The longest pause before the next request for a turn.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Makes passwords. Namespaces take turns, since each hash takes a processor for a while. Nobody waits for one: whoever
/// gets none asks again, so that one namespace with many secrets does not keep reconciles of the others from running.
pub(super) struct Passwords {
    turns: Turns,
    /// Whoever got no turn, by namespace and UID.
    refused: Mutex<HashMap<String, HashSet<String>>>,
}

impl Default for Passwords {
    fn default() -> Self {
        let [all, of_a_namespace] = TURNS;
        Self { turns: Turns::new(all, of_a_namespace), refused: Mutex::default() }
    }
}

impl Passwords {
    /// A turn for an object of a namespace, or when to ask again: later the more objects of the namespace do.
    pub(super) fn turn(&self, namespace: &str, uid: &str) -> Result<Turn, Duration> {
        let turn = self.turns.try_take(namespace);
        if let Some(turn) = turn {
            self.forget(namespace, uid);
            return Ok(turn);
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let uids = refused.entry(namespace.to_owned()).or_default();
        uids.insert(uid.to_owned());
        Err(HASH.saturating_mul(u32::try_from(uids.len()).unwrap_or(u32::MAX)).min(PAUSE_MAX))
    }

    /// An object that got no turn needs none any more.
    pub(super) fn forget(&self, namespace: &str, uid: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(uids) = refused.get_mut(namespace) else { return };
        uids.remove(uid);
        if uids.is_empty() {
            refused.remove(namespace);
        }
    }

    /// A new password with its hash.
    pub(super) async fn generate(turn: Turn) -> Result<(Zeroizing<String>, PasswordHash), Error> {
        let generated = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            password()
        });
        // Neither the randomness of the system nor the hash fails, short of a fault in them.
        generated.await.ok().flatten().ok_or(Error::Panicked)
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

    #[test]
    fn nobody_waits_for_a_turn_and_other_namespaces_get_one() {
        let passwords = Passwords::default();
        let first = passwords.turn("a", "1").unwrap();
        let pause = |namespace, uid| passwords.turn(namespace, uid).map(drop).unwrap_err();
        assert_eq!([pause("a", "2"), pause("a", "3"), pause("a", "2")], [HASH, HASH * 2, HASH * 2]);
        let other = passwords.turn("b", "4").unwrap();
        assert_eq!(pause("c", "5"), HASH);
        drop((first, other));
        drop(passwords.turn("a", "2").unwrap());
        passwords.forget("a", "3");
        drop(passwords.turn("c", "5").unwrap());
        assert!(passwords.refused.lock().unwrap().is_empty());
    }
}
