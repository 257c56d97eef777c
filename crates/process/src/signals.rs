//! SIGTERM and SIGINT: the first signal asks the process to stop in order, the second one to stop immediately.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals. Once they are listened for, they end nothing by themselves.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// # Errors
    /// If signals cannot be waited for.
    pub fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for either.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Waits for an orderly end; `None` if a second signal arrives first.
    pub async fn unless_again<T>(&mut self, end: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            ended = end => Some(ended),
            () = self.wait() => {
                tracing::warn!("second signal: stopping immediately");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::future::{pending, ready};
    use std::process::Command;

    use super::*;

    fn send(name: &str) {
        let process = std::process::id().to_string();
        assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    }

    #[tokio::test]
    async fn the_first_signal_asks_and_the_second_one_ends() {
        let mut signals = Signals::new().unwrap();
        send("-TERM");
        signals.wait().await;
        assert_eq!(signals.unless_again(ready(7)).await, Some(7));
        send("-INT");
        assert_eq!(signals.unless_again(pending::<()>()).await, None);
    }
}
