//! Whether the upstream can be reached: asked when somebody needs it, and remembered for a moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use remote::registry::Upstream;
use tokio::time::Instant;

/// How long an answer holds.
const LIFE: Duration = Duration::from_secs(5);

/// What is known of the upstream.
#[derive(Debug)]
pub struct Reach {
    upstream: Arc<Upstream>,
    /// When it was asked last, and whether it answered.
    last: Mutex<Option<(Instant, bool)>>,
    /// Held by the one that asks; the others wait for its answer.
    asking: tokio::sync::Mutex<()>,
}

impl Reach {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(upstream: Arc<Upstream>) -> Self {
        Self { upstream, last: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// Whether the upstream can be reached. Asks if nobody has done so a moment ago.
    pub async fn is_reached(&self) -> bool {
        self.ask_unless(|| self.known()).await
    }

    /// Whether the upstream can be reached right now, and not a moment ago. One that was away a moment ago is not asked.
    pub async fn is_reached_now(&self) -> bool {
        let now = Instant::now();
        let since = || self.last().filter(|(at, _)| *at >= now).map(|(_, is_reached)| is_reached);
        self.ask_unless(|| if self.is_away() { Some(false) } else { since() }).await
    }

    /// Asks if it is not known. Those that want to know at the same time share an answer.
    async fn ask_unless(&self, known: impl Fn() -> Option<bool>) -> bool {
        if let Some(is_reached) = known() {
            return is_reached;
        }
        let _asking = self.asking.lock().await;
        if let Some(is_reached) = known() {
            return is_reached;
        }
        let reached = self.upstream.reach().await;
        if let Err(answer) = &reached {
            tracing::warn!(%answer, "the upstream is away");
        }
        self.learn(reached.is_ok());
        reached.is_ok()
    }

    /// Whether it did not answer a moment ago.
    pub(super) fn is_away(&self) -> bool {
        self.known() == Some(false)
    }

    /// It did answer, or not.
    pub(super) fn learn(&self, is_reached: bool) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), is_reached));
    }

    fn known(&self) -> Option<bool> {
        self.last().filter(|(at, _)| Instant::now() < *at + LIFE).map(|(_, is_reached)| is_reached)
    }

    fn last(&self) -> Option<(Instant, bool)> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
