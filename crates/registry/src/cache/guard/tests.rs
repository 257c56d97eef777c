use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt as _;
use rstest::rstest;
use tower::ServiceExt as _;

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
