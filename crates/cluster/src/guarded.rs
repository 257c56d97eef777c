//! A panic ends the work on one object, and not the process: that object is looked at again after a pause, like after any
//! other error.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use crate::error::Error;

/// What some work comes to, and what it comes to if it panics. Nothing that work shares is left half written by a panic:
/// locks are taken over, and what is remembered can be lost.
pub async fn or_else<T>(work: impl Future<Output = T>, panicked: impl FnOnce() -> T) -> T {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| panicked())
}

/// As [`or_else`], with [`Error::Panicked`].
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
