//! Something that those who ask the same have together, for as long as one of them needs it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::generations::Digest;

/// How many may be forgotten before the map is cleaned.
const SPARE: usize = 1024;

/// Values by digests.
#[derive(Debug)]
pub(super) struct Keyed<T>(Mutex<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    values: HashMap<Digest, Weak<T>>,
    /// The size at which it is cleaned.
    limit: usize,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self(Mutex::new(Shared { values: HashMap::new(), limit: SPARE }))
    }
}

impl<T: Default> Keyed<T> {
    /// What the others have, or something new.
    pub(super) fn get(&self, digest: Digest) -> Arc<T> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = shared.values.get(&digest).and_then(Weak::upgrade) {
            return value;
        }
        if shared.values.len() >= shared.limit {
            shared.values.retain(|_, value| value.strong_count() > 0);
            shared.limit = 2 * shared.values.len() + SPARE;
        }
        let value = Arc::new(T::default());
        shared.values.insert(digest, Arc::downgrade(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shared_while_somebody_has_it() {
        let keyed = Keyed::<Mutex<u8>>::default();
        let mine = keyed.get([1; 32]);
        *mine.lock().unwrap() = 7;
        assert_eq!(*keyed.get([1; 32]).lock().unwrap(), 7);
        assert_eq!(*keyed.get([2; 32]).lock().unwrap(), 0);
        drop(mine);
        assert_eq!(*keyed.get([1; 32]).lock().unwrap(), 0);
    }

    #[test]
    fn what_nobody_has_takes_no_memory_for_long() {
        let keyed = Keyed::<()>::default();
        for number in 0..10 * SPARE {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            keyed.get(digest);
        }
        assert!(keyed.0.lock().unwrap().values.len() <= SPARE);
    }
}
