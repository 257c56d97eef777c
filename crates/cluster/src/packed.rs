//! Objects in memory as packed JSON, for kinds that have many objects of which few are used at a time.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};

use crate::object::Object;

/// An object without its managed fields: a fifth of the size that it has decoded.
#[derive(Clone)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// # Errors
    /// None in practice: an API server sends JSON.
    pub fn of(object: &Object) -> serde_json::Result<Self> {
        Ok(Self(lz4_flex::compress_prepend_size(&object.without_managers()?).into()))
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// # Errors
    /// If it is not of this type, which the schema prevents.
    pub fn unpack<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        let json = lz4_flex::decompress_size_prepended(&self.0).map_err(serde_json::Error::custom)?;
        serde_json::from_slice(&json)
    }
}

/// Leaves out the content, which may be secret.
impl fmt::Debug for Packed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Packed").field("bytes", &self.0.len()).finish()
    }
}
