//! Objects in memory, of which there are many and a few are looked at at a time: as packed JSON.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};

use crate::object::Object;

/// All of an object but for the notes of who manages which field: a fifth of what it takes decoded.
#[derive(Clone)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// # Errors
    /// None that an API server provokes: it is JSON.
    pub fn of(object: &Object) -> serde_json::Result<Self> {
        Ok(Self(lz4_flex::compress_prepend_size(&object.without_managers()?).into()))
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// # Errors
    /// If it is none of these, which the schema does not let through.
    pub fn unpack<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        let json = lz4_flex::decompress_size_prepended(&self.0).map_err(serde_json::Error::custom)?;
        serde_json::from_slice(&json)
    }
}

/// Without its content, which may be secret.
impl fmt::Debug for Packed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Packed").field("bytes", &self.0.len()).finish()
    }
}
