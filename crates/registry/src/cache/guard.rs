//! What a cache keeps back for now: everything without credentials for the upstream, tags that may have changed, images that a
//! login has not pulled before while the upstream does not say whether it may, and blobs that have broken off. The registry
//! says of a tag that it does not exist also if it could not ask the upstream; that is kept back, too.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, Response, StatusCode, header};
use axum::middleware::{self, Next};
use decide::registry::cache_access::{Place, is_digest, place};
use tokio::time::Instant;

use super::broken_blobs::BrokenBlobs;
use super::credentials::Credentials;
use super::holder::Holder;
use super::images::Images;
use super::metrics::{CacheMetrics, Withheld};
use super::reach::Reach;
use crate::error_form::{error, unavailable};

/// The header with the digest of a manifest.
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What may be passed on to the registry.
#[derive(Debug)]
pub struct Guard {
    credentials: Option<Arc<Credentials>>,
    reach: Arc<Reach>,
    needs_fresh_tags: bool,
    images: Option<Images>,
    broken_blobs: BrokenBlobs,
    metrics: CacheMetrics,
}

impl Guard {
    /// Everything may, but that a tag does not exist while the upstream is away, and blobs that break off.
    #[must_use]
    pub fn new(reach: Arc<Reach>, metrics: CacheMetrics) -> Self {
        let broken_blobs = BrokenBlobs::default();
        Self { credentials: None, reach, needs_fresh_tags: false, images: None, broken_blobs, metrics }
    }

    /// Nothing without credentials: the registry would ask the upstream as nobody.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<Arc<Credentials>>) -> Self {
        Self { credentials, ..self }
    }

    /// Tags only while the upstream is reached.
    #[must_use]
    pub fn with_fresh_tags(self, are_needed: bool) -> Self {
        Self { needs_fresh_tags: are_needed, ..self }
    }

    /// With tokens for known images alone.
    #[must_use]
    pub fn with_known_images(self, has_them: bool) -> Self {
        Self { images: has_them.then(Images::default), ..self }
    }

    /// Guards a router.
    pub fn before(self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(Arc::new(self), check))
    }

    /// Why a request is not passed on.
    async fn withheld(&self, place: &Place, holder: Option<&Holder>) -> Option<Withheld> {
        if self.credentials.as_ref().is_some_and(|credentials| credentials.get().is_none()) {
            return Some(Withheld::Credentials);
        }
        if let (Some(images), Some(holder)) = (&self.images, holder.filter(|holder| holder.is_limited)) {
            let is_known = match place {
                Place::Root | Place::Blob { .. } => true,
                Place::Manifest { repository, reference } => {
                    images.has(&holder.login, repository, reference, Instant::now())
                }
                Place::Other => false,
            };
            if !is_known {
                return Some(Withheld::UnknownImage);
            }
        }
        if self.needs_fresh_tags && is_tag(place) && !self.reach.is_reached().await {
            return Some(Withheld::StaleTag);
        }
        None
    }

    /// What is sent in place of a blob, or the blob itself. The registry has allowed it.
    async fn blob(&self, digest: String, answer: Response<Body>) -> Response<Body> {
        let last = self.broken_blobs.last(&digest);
        if last.is_some_and(|last| last.is_repeated) && self.reach.is_reached().await {
            self.metrics.withheld(Withheld::BrokenBlob);
            return refused(Withheld::BrokenBlob);
        }
        self.broken_blobs.watch(digest, last, answer)
    }

    /// A manifest was served.
    fn served(&self, place: &Place, holder: Option<&Holder>, headers: &HeaderMap) {
        let (Some(images), Some(holder), Place::Manifest { repository, reference }) =
            (&self.images, holder, place)
        else {
            return;
        };
        let digest = headers.get(DIGEST).and_then(|digest| digest.to_str().ok());
        for reference in std::iter::once(reference.as_str()).chain(digest) {
            images.put(&holder.login, repository, reference, Instant::now());
        }
    }
}

/// The same request without its body: one that breaks off would break the answer off, too.
fn without_body(request: Request) -> Request {
    let (mut parts, _) = request.into_parts();
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    Request::from_parts(parts, Body::empty())
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response<Body> {
    let place = place(request.uri().path());
    let is_get = request.method() == Method::GET;
    let request = if is_get { without_body(request) } else { request };
    let holder = guard.images.as_ref().map_or(Ok(None), |_| Holder::of(request.headers()));
    let Ok(holder) = holder else {
        guard.metrics.withheld(Withheld::Token);
        return refused(Withheld::Token);
    };
    if let Some(why) = guard.withheld(&place, holder.as_ref()).await {
        guard.metrics.withheld(why);
        return refused(why);
    }
    let again = is_tag(&place).then(|| repeated(&request)).flatten();
    let mut answer = next.clone().run(request).await;
    if let Some(again) = again.filter(|_| answer.status() == StatusCode::NOT_FOUND) {
        if !guard.reach.is_reached_now().await {
            guard.metrics.withheld(Withheld::UnknownTag);
            return refused(Withheld::UnknownTag);
        }
        // The upstream may have come back after the registry has asked it.
        answer = next.run(again).await;
    }
    if answer.status() == StatusCode::OK {
        guard.served(&place, holder.as_ref(), answer.headers());
    }
    match place {
        Place::Blob { digest } if is_get && answer.status().is_success() => guard.blob(digest, answer).await,
        _ => answer,
    }
}

fn is_tag(place: &Place) -> bool {
    matches!(place, Place::Manifest { reference, .. } if !is_digest(reference))
}

/// The same request once more, if it has no body.
fn repeated(request: &Request) -> Option<Request> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let mut again = Request::new(Body::empty());
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.version_mut() = request.version();
    *again.headers_mut() = request.headers().clone();
    *again.extensions_mut() = request.extensions().clone();
    Some(again)
}

fn refused(why: Withheld) -> Response<Body> {
    match why {
        Withheld::Credentials => {
            unavailable("the cache has no credentials for its upstream yet: try again later")
        }
        Withheld::StaleTag => {
            unavailable("the upstream cannot be asked which image the tag names now: try again later")
        }
        Withheld::Token => error(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "the token is none of this cache: ask for another one",
        ),
        Withheld::BrokenBlob => unavailable(
            "the cache could not send this blob to its end: get it from the upstream, or try again later",
        ),
        Withheld::UnknownTag => {
            unavailable("the upstream cannot be asked whether the tag exists: try again later")
        }
        Withheld::UnknownImage => error(
            StatusCode::FORBIDDEN,
            "DENIED",
            "the upstream is away, and this login has not pulled this image before",
        ),
    }
}

#[cfg(test)]
mod tests;
