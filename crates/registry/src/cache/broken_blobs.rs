//! Blobs that the registry does not send to their end. It stores a blob while it sends it, and breaks the answer off if it cannot,
//! as on a full volume. containerd asks for the rest at once. If that breaks off, too, the cache says that it cannot send the
//! blob, so containerd gets the rest from the upstream.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use http_body_util::BodyExt as _;
use process::causes::Causes;
use tokio::time::Instant;

use super::held_back::HeldBack;
use crate::generations::{Generations, hashed};

/// How soon a client that goes on asks again, and how long a blob is not sent: no longer, since the registry may be well again.
pub(super) const LIFE: Duration = Duration::from_secs(5);

/// The blobs that have broken off a moment ago, by their digests.
#[derive(Clone, Debug, Default)]
pub(super) struct BrokenBlobs(Arc<Mutex<Generations<Break>>>);

/// The last time that an answer with a blob has broken off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Break {
    at: Instant,
    /// Whether it was asked for a moment after another break.
    pub(super) is_repeated: bool,
}

impl BrokenBlobs {
    /// The last break, if it was a moment ago.
    pub(super) fn last(&self, digest: &str) -> Option<Break> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hashed([digest.as_bytes()]));
        last.filter(|last| last.at.elapsed() < LIFE)
    }

    /// Passes an answer on that holds a blob, for which a client asks after the last break. A client that goes away breaks
    /// nothing off. The last bytes before a break are not passed on: they are the message of the registry.
    pub(super) fn watch(
        &self,
        digest: String,
        last: Option<Break>,
        answer: Response<Body>,
    ) -> Response<Body> {
        let (blobs, is_repeated) = (self.clone(), last.is_some());
        let remember = move |error| {
            tracing::warn!(
                digest,
                is_repeated,
                error = %Causes(&error),
                "the registry has not sent a blob to its end"
            );
            let last = Break { at: Instant::now(), is_repeated };
            let digest = hashed([digest.as_bytes()]);
            blobs.0.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, last);
            error
        };
        answer.map(|body| Body::new(HeldBack::new(body.map_err(remember))))
    }
}
