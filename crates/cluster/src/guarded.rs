//! A panic ends the work on one object, and not the process: the object is retried after a pause, as after any other
//! error.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use crate::error::Error;

/// The result of some work, or another one if the work panics. A panic leaves no shared state half written: poisoned
/// locks are taken over, and what is cached can be lost.
pub async fn or_else<T>(work: impl Future<Output = T>, panicked: impl FnOnce() -> T) -> T {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| panicked())
}

/// Like [`or_else`], with [`Error::Panicked`].
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    or_else(work, || Err(Error::Panicked)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let look = async { if std::hint::black_box(true) { panic!("of a look") } else { Ok(()) } };
        let error = guarded(look).await.map_err(|error| error.reason());
        assert_eq!(error, Err("panic"));
    }
}
