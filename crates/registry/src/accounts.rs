//! The accounts of a registry, as the watch shows them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use decide::registry::labels::Labels;
use jiff::Timestamp;
use policy::image_registry_accounts::bcrypt::Bcrypt;

/// An account.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Account {
    /// What rules can ask for.
    pub labels: Labels,
    /// The hashes of its passwords: any of them is right.
    pub hashes: Vec<Bcrypt>,
    /// Which of them end before the account, and when.
    pub ends: Vec<(Bcrypt, Timestamp)>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

impl Account {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The hashes of the passwords that have not ended.
    fn valid(&self, now: Timestamp) -> impl Iterator<Item = &Bcrypt> {
        let ended = move |hash: &Bcrypt| self.ends.iter().any(|(other, end)| other == hash && *end <= now);
        self.hashes.iter().filter(move |hash| !ended(hash))
    }
}

/// All accounts, each replaced as a whole.
#[derive(Debug, Default)]
pub struct Accounts {
    by_name: RwLock<HashMap<String, Arc<Account>>>,
    /// Whether the watch has not shown all of them yet, or is interrupted.
    are_awaited: AtomicBool,
}

impl Accounts {
    /// None, until a watch has shown all of them.
    #[must_use]
    pub fn awaited() -> Self {
        Self { are_awaited: AtomicBool::new(true), ..Self::default() }
    }

    /// The watch is interrupted: there may be others by now.
    pub fn interrupted(&self) {
        self.are_awaited.store(true, Ordering::Release);
    }

    /// Whether the watch has shown all of them.
    #[must_use]
    pub fn are_known(&self) -> bool {
        !self.are_awaited.load(Ordering::Acquire)
    }

    /// Adds an account, or replaces it.
    pub fn put(&self, name: String, account: Account) {
        let account = Arc::new(account);
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).insert(name, account);
    }

    /// Removes an account: from now on its logins are refused.
    pub fn remove(&self, name: &str) {
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Replaces all accounts, when a watch begins anew: those that are gone were deleted meanwhile.
    pub fn replace(&self, accounts: impl IntoIterator<Item = (String, Account)>) {
        let accounts = accounts.into_iter().map(|(name, account)| (name, Arc::new(account))).collect();
        *self.by_name.write().unwrap_or_else(PoisonError::into_inner) = accounts;
        self.are_awaited.store(false, Ordering::Release);
    }

    /// An account that has not expired, with the passwords that have not. The clock decides: the object may still be there.
    #[must_use]
    pub fn get(&self, name: &str, now: Timestamp) -> Option<Arc<Account>> {
        let account =
            self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)?;
        let account = (!account.has_expired(now)).then_some(account)?;
        if account.valid(now).count() == account.hashes.len() {
            return Some(account);
        }
        let hashes = account.valid(now).cloned().collect();
        Some(Arc::new(Account { hashes, ..Account::clone(&account) }))
    }

    /// How many may log in.
    pub(crate) fn usable(&self, now: Timestamp) -> usize {
        let all = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let may_log_in =
            |account: &&Arc<Account>| !account.has_expired(now) && account.valid(now).next().is_some();
        all.values().filter(may_log_in).count()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use policy::image_registry_accounts::bcrypt::parse;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

    fn account(expires: Option<i64>) -> Account {
        let expires = expires.map(|seconds| Timestamp::from_second(NOW.as_second() + seconds).unwrap());
        Account { expires, ..Account::default() }
    }

    #[test]
    fn an_account_ends_by_the_clock() {
        let accounts = Accounts::default();
        for (name, expires) in [("ever", None), ("soon", Some(1)), ("now", Some(0)), ("past", Some(-1))] {
            accounts.put(name.to_owned(), account(expires));
        }
        let there = ["ever", "soon", "now", "past", "never"].map(|name| accounts.get(name, NOW).is_some());
        assert_eq!(there, [true, true, false, false, false]);
    }

    #[test]
    fn a_password_ends_by_the_clock_and_the_other_one_stays() {
        let accounts = Accounts::default();
        let [old, new] = [
            "$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
            "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
        ]
        .map(|hash| parse(hash).unwrap());
        let hashes = vec![old.clone(), new.clone()];
        let ends = vec![(old.clone(), NOW)];
        accounts.put("a".to_owned(), Account { hashes, ends, ..account(None) });
        let before = Timestamp::from_second(NOW.as_second() - 1).unwrap();
        assert_eq!(accounts.get("a", before).unwrap().hashes, [old, new.clone()]);
        assert_eq!(accounts.get("a", NOW).unwrap().hashes, std::slice::from_ref(&new));
        assert_eq!((accounts.len(), accounts.usable(before), accounts.usable(NOW)), (1, 1, 1));
    }

    #[test]
    fn accounts_that_have_expired_or_have_no_valid_password_may_not_log_in() {
        let accounts = Accounts::default();
        let hash = parse("$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i").unwrap();
        let with_password = |expires| Account { hashes: vec![hash.clone()], ..account(expires) };
        accounts.put("ever".to_owned(), with_password(None));
        accounts.put("soon".to_owned(), with_password(Some(1)));
        accounts.put("now".to_owned(), with_password(Some(0)));
        accounts.put("past".to_owned(), with_password(Some(-1)));
        accounts.put("invalid".to_owned(), account(None));
        accounts.put("ended".to_owned(), Account { ends: vec![(hash.clone(), NOW)], ..with_password(None) });
        let before = Timestamp::from_second(NOW.as_second() - 1).unwrap();
        assert_eq!((accounts.len(), accounts.usable(before), accounts.usable(NOW)), (6, 4, 2));
    }

    #[test]
    fn a_watch_adds_changes_and_removes() {
        let accounts = Accounts::default();
        accounts.replace([("a".to_owned(), account(None)), ("b".to_owned(), account(None))]);
        accounts.put("b".to_owned(), account(Some(-1)));
        accounts.put("c".to_owned(), account(None));
        accounts.remove("a");
        let there = ["a", "b", "c"].map(|name| accounts.get(name, NOW).is_some());
        assert_eq!((there, accounts.len()), ([false, false, true], 2));
        accounts.replace([("a".to_owned(), account(None))]);
        let there = ["a", "b", "c"].map(|name| accounts.get(name, NOW).is_some());
        assert_eq!((there, accounts.is_empty()), ([true, false, false], false));
    }
}
