//! How a loop ends.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::select;

/// How long what is being done when a loop is to end may take.
const GRACE: Duration = Duration::from_secs(10);

/// Runs a loop to its end, which it comes to by itself, in order, once `end` has come. If it has not seen everything by
/// then, which is when it is `ready`, nothing is being done, and kube's `Controller` would never end.
pub(crate) async fn in_order(
    running: impl Future<Output = ()>,
    end: impl Future<Output = ()>,
    ready: impl Future,
) {
    let given_up = async {
        end.await;
        if ready.now_or_never().is_some() {
            tokio::time::sleep(GRACE).await;
            tracing::warn!("work in progress did not end in time and is abandoned");
        }
    };
    select(pin!(running), pin!(given_up)).await;
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_has_not_begun_ends_at_once_and_one_that_hangs_after_a_while() {
        let start = Instant::now();
        in_order(pending(), ready(()), pending::<()>()).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        in_order(pending(), ready(()), ready(())).await;
        assert!(start.elapsed() >= GRACE);
    }
}
