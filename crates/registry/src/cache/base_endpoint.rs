//! Answers `GET /v2/` of clients without a login, as the agents of nodes ask every two seconds, in place of the registry: it
//! refuses them with a challenge, and logs a warning each time.
//!
//! The answer is the one that the registry has given once. It is given only while the registry answers and can use its storage,
//! so it proves what an answer of the registry itself proves.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::middleware::{self, Next};
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::challenge;
use crate::gateway::Gateway;

/// Where clients ask whether there is a registry.
const PATH: &str = "/v2/";
/// How long it is not asked again how the registry is: many nodes ask at the same time.
const LIFE: Duration = Duration::from_secs(1);
/// The longest answer that is kept, in bytes.
const BODY_MAX: usize = 16 << 10;

/// What is known of the registry.
#[derive(Debug)]
pub struct BaseEndpoint {
    gateway: Arc<Gateway>,
    /// How it refuses clients without a login; `None` until it has done so.
    refusal: ArcSwapOption<Refusal>,
    /// How it was, and until when that holds. Held by the one that asks; the others wait for its answer.
    health: Mutex<Option<(Instant, Option<StatusCode>)>>,
}

#[derive(Debug)]
struct Refusal {
    headers: HeaderMap,
    body: Bytes,
}

impl BaseEndpoint {
    /// That of the registry behind a gateway.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway, refusal: ArcSwapOption::empty(), health: Mutex::default() }
    }

    /// Answers in place of a router.
    pub fn before(self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(Arc::new(self), check))
    }

    /// The answer to a client that has reached the gateway by an address, or by a name. `None` if the registry has to give it.
    async fn answer(&self, address: Option<&str>) -> Option<Response<Body>> {
        let refusal = match self.refusal.load_full() {
            Some(refusal) => refusal,
            None => self.learn().await?,
        };
        let is_well = self.health().await.is_some_and(|status| !status.is_server_error());
        is_well.then(|| refusal.to(address))
    }

    /// Asks the registry how it refuses. `None` if it does not, for now.
    async fn learn(&self) -> Option<Arc<Refusal>> {
        // Without a host: the challenge names the hostname of the registry.
        let request = Request::get(PATH).body(Body::empty()).ok()?;
        let answer = self.gateway.pass(request).await;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return None;
        }
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, BODY_MAX).collect().await.ok()?.to_bytes();
        let mut headers = parts.headers;
        // It is another one each time.
        headers.remove(header::DATE);
        let refusal = Arc::new(Refusal { headers, body });
        self.refusal.store(Some(Arc::clone(&refusal)));
        Some(refusal)
    }

    async fn health(&self) -> Option<StatusCode> {
        let mut known = self.health.lock().await;
        if let Some((_, health)) = known.filter(|(end, _)| Instant::now() < *end) {
            return health;
        }
        let health = self.gateway.health().await;
        *known = Some((Instant::now() + LIFE, health));
        health
    }
}

impl Refusal {
    fn to(&self, address: Option<&str>) -> Response<Body> {
        let mut answer = Response::new(Body::from(self.body.clone()));
        *answer.status_mut() = StatusCode::UNAUTHORIZED;
        *answer.headers_mut() = self.headers.clone();
        if let Some(address) = address {
            challenge::refer_to(address, answer.headers_mut());
        }
        answer
    }
}

async fn check(State(base): State<Arc<BaseEndpoint>>, request: Request, next: Next) -> Response<Body> {
    let is_first = request.uri().path() == PATH
        && matches!(*request.method(), Method::GET | Method::HEAD)
        && !request.headers().contains_key(header::AUTHORIZATION);
    if is_first && let Some(answer) = base.answer(challenge::address(&request).as_deref()).await {
        return answer;
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

    use axum::http::{HeaderValue, Uri};
    use axum::response::IntoResponse as _;
    use tower::ServiceExt as _;

    use super::super::fake::later;
    use super::*;
    use crate::metrics::Metrics;
    use crate::router;

    /// A registry that wants tokens.
    #[derive(Default)]
    struct Fake {
        /// How often it was asked for the base, and how it is.
        asked: [AtomicUsize; 2],
        /// What it answers to whoever asks how it is, if not 0.
        health: AtomicU16,
    }

    impl Fake {
        fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
            let [base, health] = &self.asked;
            let status = StatusCode::from_u16(self.health.load(Ordering::SeqCst)).unwrap_or_default();
            if uri.path() == "/" {
                health.fetch_add(1, Ordering::SeqCst);
                return status.into_response();
            }
            base.fetch_add(1, Ordering::SeqCst);
            if headers.contains_key(header::AUTHORIZATION) || status.is_server_error() {
                return status.into_response();
            }
            let challenge = "Bearer realm=\"https://hub.svc:5000/auth/token\",service=\"hub.svc\"";
            let headers =
                [("www-authenticate", challenge), ("docker-distribution-api-version", "registry/2.0")];
            (StatusCode::UNAUTHORIZED, headers, "refused\n").into_response()
        }

        fn asked(&self) -> [usize; 2] {
            self.asked.each_ref().map(|count| count.load(Ordering::SeqCst))
        }
    }

    async fn start() -> (Arc<Fake>, Router, tokio::task::JoinHandle<()>) {
        let fake = Arc::new(Fake::default());
        let answers = Arc::clone(&fake);
        let registry = Router::new().fallback(async move |uri: Uri, headers: HeaderMap| {
            // A registry that ends leaves no connection.
            ([(header::CONNECTION, "close")], answers.answer(&uri, &headers))
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let served = tokio::spawn(async move { axum::serve(listener, registry).await.unwrap() });
        let gateway = Arc::new(Gateway::new(address, Arc::new(Metrics::of_cache().0)));
        (fake, BaseEndpoint::new(Arc::clone(&gateway)).before(router::alone(gateway)), served)
    }

    /// Status, challenge and body.
    async fn ask(router: &Router, request: axum::http::request::Builder) -> (u16, String, String) {
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let challenge = answer.headers().get(header::WWW_AUTHENTICATE).map(HeaderValue::to_str);
        let challenge = challenge.transpose().unwrap().unwrap_or_default().to_owned();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, challenge, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_registry_refuses_once_and_is_asked_how_it_is() {
        let (fake, router, _served) = start().await;
        for (host, name) in [("10.0.0.1:5000", "10.0.0.1:5000"), ("hub.svc:5000", "hub.svc:5000")] {
            let challenge = format!("Bearer realm=\"https://{name}/auth/token\",service=\"hub.svc\"");
            let refused = (401, challenge, "refused\n".to_owned());
            for _ in 0..3 {
                assert_eq!(ask(&router, Request::get(PATH).header(header::HOST, host)).await, refused);
            }
        }
        assert_eq!(fake.asked(), [1, 1]);
        later(LIFE).await;
        assert_eq!(ask(&router, Request::get(PATH)).await.0, 401);
        assert_eq!(fake.asked(), [1, 2]);
        // Whoever has a token, and whoever asks for something else, asks the registry.
        let with_token = Request::get(PATH).header(header::AUTHORIZATION, "Bearer x");
        assert_eq!(ask(&router, with_token).await.0, 200);
        for other in [Request::post(PATH), Request::get("/v2/a/tags/list")] {
            assert_eq!(ask(&router, other).await.0, 401);
        }
        assert_eq!(fake.asked(), [4, 2]);
    }

    #[tokio::test]
    async fn nobody_is_told_that_a_registry_serves_that_does_not() {
        let (fake, router, served) = start().await;
        assert_eq!(ask(&router, Request::get(PATH)).await.0, 401);
        fake.health.store(503, Ordering::SeqCst);
        later(LIFE).await;
        let of_registry = (503, String::new(), String::new());
        assert_eq!(ask(&router, Request::get(PATH)).await, of_registry);
        served.abort();
        assert!(served.await.is_err());
        later(LIFE).await;
        let (status, _, body) = ask(&router, Request::get(PATH)).await;
        assert_eq!(status, 503);
        assert!(body.contains("the registry does not answer: try again later"), "{body}");
    }
}
