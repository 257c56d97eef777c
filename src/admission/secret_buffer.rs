//! Bytes that are wiped from memory when they are dropped, if they are secret. Wiping costs a nanosecond for every few
//! bytes, so it is for registry Secrets alone.

use zeroize::Zeroize as _;

/// A buffer that may hold credentials.
#[derive(Default)]
pub struct SecretBuffer {
    bytes: Vec<u8>,
    secret: bool,
}

impl SecretBuffer {
    /// Takes bytes over.
    #[must_use]
    pub(crate) fn new(bytes: Vec<u8>, secret: bool) -> Self {
        Self { bytes, secret }
    }

    /// How many bytes fit without growing.
    #[must_use]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Grows to `capacity`. Secret bytes are moved by hand, since a vector that grows by itself leaves the old ones behind
    /// unwiped; others by the allocator, which need not copy what is large.
    pub(crate) fn grow(&mut self, capacity: usize) {
        if !self.secret {
            return self.bytes.reserve_exact(capacity.saturating_sub(self.bytes.len()));
        }
        let mut larger = Self::new(Vec::with_capacity(capacity), self.secret);
        larger.bytes.extend_from_slice(&self.bytes);
        std::mem::swap(self, &mut larger);
    }

    /// Appends bytes, for which there must be room.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        debug_assert!(self.bytes.len() + bytes.len() <= self.bytes.capacity());
        self.bytes.extend_from_slice(bytes);
    }
}

impl AsRef<[u8]> for SecretBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for SecretBuffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "({} bytes)", self.bytes.len())
    }
}

impl Drop for SecretBuffer {
    fn drop(&mut self) {
        if self.secret {
            self.bytes.zeroize();
        }
    }
}
