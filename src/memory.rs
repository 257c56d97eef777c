//! A budget of memory, in bytes, of which parts are reserved and given back.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A budget of memory.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Semaphore>);

/// Memory that is reserved until this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved(Option<OwnedSemaphorePermit>);

impl Memory {
    /// A budget of so many bytes.
    #[must_use]
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// How many bytes are free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.available_permits()
    }

    /// Reserves memory if there is enough of it now.
    #[must_use]
    pub(crate) fn reserve(&self, bytes: usize) -> Option<Reserved> {
        let permits = u32::try_from(bytes).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(permits).ok().map(|permit| Reserved(Some(permit)))
    }

    /// Reserves memory as soon as there is enough of it; those who wait have turns.
    pub(crate) async fn wait(&self, bytes: usize) -> Reserved {
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        // The budget is never closed.
        Reserved(Arc::clone(&self.0).acquire_many_owned(permits).await.ok())
    }

    /// Makes what is reserved `bytes` large. `None` if that is more, and not there.
    #[must_use]
    pub(crate) fn resize(&self, reserved: Reserved, bytes: usize) -> Option<Reserved> {
        let Some(mut permit) = reserved.0 else { return self.reserve(bytes) };
        if let Some(surplus) = permit.num_permits().checked_sub(bytes) {
            drop(permit.split(surplus));
        } else {
            let missing = self.reserve(bytes - permit.num_permits())?;
            missing.0.into_iter().for_each(|missing| permit.merge(missing));
        }
        Some(Reserved(Some(permit)))
    }
}

impl Reserved {
    /// Nothing, of any budget.
    #[must_use]
    pub(crate) fn nothing() -> Self {
        Self(None)
    }

    /// How many bytes are reserved.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_grows_and_shrinks_and_is_given_back() {
        let memory = Memory::new(100);
        let reserved = memory.reserve(60).unwrap();
        assert!(memory.reserve(41).is_none());
        let reserved = memory.resize(reserved, 100).unwrap();
        assert_eq!(memory.free(), 0);
        let reserved = memory.resize(reserved, 10).unwrap();
        assert_eq!(memory.free(), 90);
        assert!(memory.resize(reserved, 101).is_none());
        assert_eq!(memory.free(), 100);
        assert_eq!(memory.resize(Reserved::nothing(), 5).map(|_| memory.free()), Some(95));
    }
}
