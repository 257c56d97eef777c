//! A bounded memory of what was found out, by digests: what is used stays, and the rest is forgotten.

use std::collections::HashMap;
use std::mem;

use aws_lc_rs::digest::{Context, SHA256};

/// What a secret is remembered by.
pub(crate) type Digest = [u8; 32];

/// The most digests in each of two generations: what was not used in one is forgotten with the next.
pub(crate) const COUNT_MAX: usize = 16 * 1024;

/// The digest of what is no secret, in parts.
pub(crate) fn hashed<const N: usize>(parts: [&[u8]; N]) -> Digest {
    let mut context = Context::new(&SHA256);
    for bytes in parts {
        context.update(bytes);
    }
    // SHA-256 has this length.
    context.finish().as_ref().try_into().unwrap_or_default()
}

/// Values by digests.
#[derive(Debug)]
pub(crate) struct Generations<T> {
    young: HashMap<Digest, T>,
    old: HashMap<Digest, T>,
}

impl<T> Default for Generations<T> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<T: Copy> Generations<T> {
    pub(crate) fn get(&mut self, digest: &Digest) -> Option<T> {
        if let Some(value) = self.young.get(digest) {
            return Some(*value);
        }
        let value = self.old.remove(digest)?;
        self.insert(*digest, value);
        Some(value)
    }

    pub(crate) fn insert(&mut self, digest: Digest, value: T) {
        if self.young.len() >= COUNT_MAX {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(digest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let digest = |number: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            digest
        };
        let mut generations = Generations::default();
        for number in 0..10 * COUNT_MAX {
            generations.insert(digest(number), number);
            assert_eq!(generations.get(&digest(0)), Some(0));
        }
        assert!(generations.young.len() + generations.old.len() <= 2 * COUNT_MAX);
    }
}
