//! The shutdown of a loop.

use std::pin::pin;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::select;

/// How long running work may take after the end was requested.
const GRACE: Duration = Duration::from_secs(10);

/// Runs a loop, which ends in order by itself once `end` has completed. If `ready` has not completed by then, the
/// caches are not filled and nothing is running; kube's `Controller` would never end, so the loop is dropped.
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
