//! The keys of the API server: read once, again from time to time, and when a token names one that is not known.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use hyper::Request;
use process::causes::Causes;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::trust::Trust;

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/openid/v1/jwks";
/// After which time keys are read again: one that the API server no longer uses is trusted no longer than that.
const LIFE: Duration = Duration::from_mins(5);
/// How often they are read at most, whatever clients send.
const PAUSE: Duration = Duration::from_secs(5);
/// How long the API server may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The keys.
pub(super) struct Keys {
    client: kube::Client,
    trust: ArcSwapOption<Trust>,
    /// When they were read last. Locked while they are read.
    read: Mutex<Option<Instant>>,
}

impl Keys {
    pub(super) fn new(client: kube::Client) -> Self {
        Self { client, trust: ArcSwapOption::empty(), read: Mutex::default() }
    }

    /// What to verify a token by that names a key. `None` as long as the API server does not answer.
    pub(super) async fn with(&self, key: &str) -> Option<Arc<Trust>> {
        let is_known = self.trust.load().as_ref().is_some_and(|trust| trust.has(key));
        // Who knows the key does not wait for somebody who reads.
        let (read, after) =
            if is_known { (self.read.try_lock().ok(), LIFE) } else { (Some(self.read.lock().await), PAUSE) };
        if let Some(mut read) = read
            && read.is_none_or(|read| read.elapsed() >= after)
        {
            *read = Some(Instant::now());
            self.read().await;
        }
        self.trust.load_full()
    }

    async fn read(&self) {
        let documents = async {
            let discovery = self.document(DISCOVERY).await?;
            Ok::<_, kube::Error>((discovery, self.document(KEYS).await?))
        };
        match timeout(PATIENCE, documents).await {
            Ok(Ok((discovery, keys))) => match Trust::read(&discovery, &keys) {
                Ok(trust) => self.trust.store(Some(Arc::new(trust))),
                Err(error) => tracing::warn!(%error, "the keys of service accounts cannot be read"),
            },
            Ok(Err(error)) => {
                tracing::warn!(error = %Causes(&error), "the keys of service accounts cannot be read");
            }
            Err(_) => tracing::warn!("the keys of service accounts cannot be read: no answer within 5 s"),
        }
    }

    async fn document(&self, path: &str) -> kube::Result<String> {
        let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
        self.client.request_text(request).await
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keys").field("trust", &self.trust).finish_non_exhaustive()
    }
}
