//! Hashes, as text.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of some bytes, in lower-case hexadecimal.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Pieces(Sha256);

impl Pieces {
    /// Adds a piece.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all pieces, as [`of_bytes`] gives it.
    #[must_use]
    pub fn hash(self) -> String {
        hex(&self.0.finalize())
    }
}

/// A hash over parts. The length precedes each part, so that no two lists of parts give the same input.
#[must_use]
pub fn of_parts(parts: &[impl AsRef<[u8]>]) -> String {
    let mut hasher = Sha256::new();
    for part in parts.iter().map(AsRef::as_ref) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_hash_of_the_whole() {
        let mut pieces = Pieces::default();
        pieces.add(b"a-");
        pieces.add(b"b");
        assert_eq!(pieces.hash(), of_bytes(b"a-b"));
    }

    #[test]
    fn parts_that_join_to_the_same_text_have_different_hashes() {
        let hashes = [
            of_parts(&["a-b", "c"]),
            of_parts(&["a", "b-c"]),
            of_parts(&["a-b-c"]),
            of_parts(&["a-b", "c", ""]),
        ];
        for (index, one) in hashes.iter().enumerate() {
            assert_eq!(one.len(), 64);
            assert!(hashes.iter().skip(index + 1).all(|other| other != one));
        }
    }
}
