//! A panic ends the look at one object, and not the process: that object is looked at again after a pause, like after any
//! other error.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use crate::cluster::Error;

/// What a look comes to. Nothing that looks share is left half written by a panic: locks are taken over, and what is
/// remembered can be lost.
///
/// # Errors
/// Those of the look, and [`Error::Panicked`].
pub(crate) async fn guarded<T>(look: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    AssertUnwindSafe(look).catch_unwind().await.unwrap_or(Err(Error::Panicked))
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
