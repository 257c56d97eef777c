use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt as _;
use rstest::rstest;
use tower::ServiceExt as _;

use super::super::broken_blobs::LIFE;
use super::super::fake::{self, Fake, later};
use super::*;
use crate::metrics::Metrics;

/// A cache whose registry says of everything that it does not exist, until it is asked a number of times.
struct Cache {
    upstream: Arc<Fake>,
    asked: Arc<AtomicUsize>,
    router: Router,
}

impl Cache {
    async fn start(misses: usize) -> Self {
        let (upstream, reached) = fake::upstream().await;
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let registry = Router::new().fallback(async move || {
            let is_missed = count.fetch_add(1, Ordering::SeqCst) < misses;
            if is_missed { StatusCode::NOT_FOUND } else { StatusCode::OK }
        });
        let guard = Guard::new(Arc::new(Reach::new(reached)), Metrics::of_cache().1);
        Self { upstream, asked, router: guard.before(registry) }
    }

    async fn ask(&self, method: Method, path: &str) -> (u16, String) {
        let request = axum::http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

const TAG: &str = "/v2/a/manifests/1";

#[tokio::test]
async fn a_tag_that_is_not_known_while_the_upstream_is_away_may_exist() {
    let cache = Cache::start(usize::MAX).await;
    let missing = (404, String::new());
    assert_eq!(cache.ask(Method::GET, TAG).await, missing);
    // It was reached a moment ago, which does not count.
    cache.upstream.status.store(503, Ordering::SeqCst);
    let message = "the upstream cannot be asked whether the tag exists: try again later";
    let away = (503, format!(r#"{{"errors":[{{"code":"UNAVAILABLE","message":"{message}"}}]}}"#));
    assert_eq!(cache.ask(Method::GET, TAG).await, away);
    cache.upstream.status.store(0, Ordering::SeqCst);
    later(Duration::from_secs(5)).await;
    assert_eq!(cache.ask(Method::GET, TAG).await, missing);
}

#[tokio::test]
async fn the_registry_is_asked_once_more_when_the_upstream_answers() {
    for method in [Method::GET, Method::HEAD] {
        let cache = Cache::start(1).await;
        assert_eq!(cache.ask(method, TAG).await.0, 200);
        let cache = Cache::start(usize::MAX).await;
        assert_eq!(cache.ask(Method::GET, TAG).await.0, 404);
        assert_eq!(cache.asked.load(Ordering::SeqCst), 2);
    }
}

#[rstest]
#[case(
    Method::GET,
    "/v2/a/manifests/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)]
#[case(Method::GET, "/v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
#[case(Method::GET, "/v2/a/tags/list")]
#[case(Method::PUT, TAG)]
#[tokio::test]
async fn other_answers_are_passed_on(#[case] method: Method, #[case] path: &str) {
    let cache = Cache::start(1).await;
    cache.upstream.status.store(503, Ordering::SeqCst);
    assert_eq!(cache.ask(method, path).await.0, 404);
    assert_eq!(cache.asked.load(Ordering::SeqCst), 1);
}

/// The first piece of a blob: more than is held back.
const PIECE: &str = include_str!("tests.rs");
const BLOB: &str = "/v2/a/blobs/sha256:00";

/// A cache whose registry breaks off what it sends, with a message, until it has room. It refuses bodies that break off.
struct OnVolume {
    upstream: Arc<Fake>,
    is_full: Arc<AtomicBool>,
    router: Router,
}

impl OnVolume {
    async fn start() -> Self {
        let (upstream, reached) = fake::upstream().await;
        let is_full = Arc::new(AtomicBool::new(true));
        let full = Arc::clone(&is_full);
        let registry = Router::new().fallback(async move |_: axum::body::Bytes| {
            let rest = if full.load(Ordering::SeqCst) {
                [Ok("no space left on device"), Err(std::io::Error::other("the connection has ended"))]
            } else {
                [Ok("the "), Ok("rest")]
            };
            Body::from_stream(futures::stream::iter([Ok(PIECE)].into_iter().chain(rest)))
        });
        let guard = Guard::new(Arc::new(Reach::new(reached)), Metrics::of_cache().1);
        Self { upstream, is_full, router: guard.before(registry) }
    }

    async fn answer(&self, method: Method, path: &str, body: Body) -> Response<Body> {
        let request = axum::http::Request::builder().method(method).uri(path).body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// The status, what comes of the body, and whether it has come to its end.
    async fn get(&self, path: &str) -> (u16, String, bool) {
        let answer = self.answer(Method::GET, path, Body::empty()).await;
        let (status, mut body, mut text) = (answer.status().as_u16(), answer.into_body(), String::new());
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return (status, text, false) };
            text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
        (status, text, true)
    }

    /// Asks for a blob that breaks off.
    async fn break_off(&self) {
        let (status, text, is_whole) = self.get(BLOB).await;
        assert_eq!((status, is_whole), (200, false));
        assert!(!text.is_empty() && PIECE.starts_with(&text), "{text}");
    }
}

#[tokio::test]
async fn a_blob_that_breaks_off_is_not_sent_again_for_a_moment() {
    let cache = OnVolume::start().await;
    // A client that goes away has seen no end either.
    let mut leaves = cache.answer(Method::GET, BLOB, Body::empty()).await.into_body();
    leaves.frame().await.unwrap().unwrap();
    drop(leaves);
    // The client asks for the rest, which breaks off, too.
    for _ in 0..2 {
        cache.break_off().await;
    }
    cache.is_full.store(false, Ordering::SeqCst);
    let message =
        "the cache could not send this blob to its end: get it from the upstream, or try again later";
    let refused = (503, format!(r#"{{"errors":[{{"code":"UNAVAILABLE","message":"{message}"}}]}}"#), true);
    for path in [BLOB, "/v2/b/blobs/sha256%3A00"] {
        assert_eq!(cache.get(path).await, refused);
    }
    let sent = (200, format!("{PIECE}the rest"), true);
    assert_eq!(cache.get("/v2/a/blobs/sha256:11").await, sent);
    assert_eq!(cache.answer(Method::HEAD, BLOB, Body::empty()).await.status(), StatusCode::OK);
    later(LIFE).await;
    assert_eq!(cache.get(BLOB).await, sent);
}

#[tokio::test]
async fn a_blob_that_breaks_off_once_is_sent_again() {
    let cache = OnVolume::start().await;
    for _ in 0..2 {
        cache.break_off().await;
        later(LIFE).await;
    }
    cache.break_off().await;
    cache.is_full.store(false, Ordering::SeqCst);
    assert_eq!(cache.get(BLOB).await, (200, format!("{PIECE}the rest"), true));
}

#[tokio::test]
async fn a_blob_that_has_broken_off_is_sent_if_there_is_no_other_place_to_get_it() {
    let cache = OnVolume::start().await;
    cache.upstream.status.store(503, Ordering::SeqCst);
    for _ in 0..3 {
        cache.break_off().await;
    }
}

#[tokio::test]
async fn a_client_breaks_no_blob_off() {
    let cache = OnVolume::start().await;
    cache.is_full.store(false, Ordering::SeqCst);
    let broken = || Body::from_stream(futures::stream::iter([Err::<&str, _>(std::io::Error::other("gone"))]));
    assert_eq!(cache.answer(Method::GET, BLOB, broken()).await.status(), StatusCode::OK);
    assert_eq!(cache.answer(Method::PUT, BLOB, broken()).await.status(), StatusCode::BAD_REQUEST);
}
