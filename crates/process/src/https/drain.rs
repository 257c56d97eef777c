//! The orderly end of a server.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::serving::Phase;

/// How long the end may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long the server still accepts connections, while it reports that it is not ready.
    pub delay: Duration,
    /// How long requests may take to finish after that.
    pub drain: Duration,
}

/// Ends a server: readiness fails first, then the listener closes, then the requests in progress finish.
pub async fn leave(phase: &watch::Sender<Phase>, server: JoinHandle<()>, patience: Patience) {
    let Patience { delay, drain } = patience;
    tracing::info!(
        "signal: reporting that the server is not ready, accepting connections for another {delay:?}"
    );
    phase.send_replace(Phase::Leaving);
    sleep(delay).await;
    phase.send_replace(Phase::Closing);
    if timeout(drain, server).await.is_ok() {
        tracing::info!("all connections have ended");
    } else {
        tracing::warn!("connections were still open after {drain:?}");
    }
}
