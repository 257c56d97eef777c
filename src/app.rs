//! The HTTPS endpoints: from a request to the answer of a review, and HTTP errors where there is no review to answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, post};
use policy::Config;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::body::{BodyError, BodyLimits, ReadBody};
use crate::buffer::Buffer;
use crate::metrics::{Metrics, Shed};
use crate::review::{Reviewed, Verdict, review};
use crate::routes::{ENDPOINTS, Endpoint};

/// Bodies larger than this are worked on aside, so that milliseconds of work on one hold up no others.
const INLINE_BODY_MAX: usize = 128 * 1024;

/// What all requests share.
#[derive(Debug)]
pub struct App {
    /// The rules in force.
    pub config: Arc<ArcSwap<Config>>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The limits of bodies.
    pub bodies: BodyLimits,
    /// The longest that a request may take, whatever its client says.
    pub max_request_time: Duration,
    /// How many more requests may be in work.
    pub in_flight: Arc<Semaphore>,
}

/// The router of all endpoints.
pub fn router(app: &Arc<App>) -> Router {
    router_of(app, &ENDPOINTS)
}

/// The router of some endpoints.
pub fn router_of(app: &Arc<App>, endpoints: &'static [Endpoint]) -> Router {
    let route = |router: Router, endpoint: &'static Endpoint| {
        router.route(endpoint.path, method_router(app, endpoint))
    };
    endpoints.iter().fold(Router::new(), route).fallback(not_found)
}

fn method_router(app: &Arc<App>, endpoint: &'static Endpoint) -> MethodRouter {
    let app = Arc::clone(app);
    post(move |request: Request| {
        let app = Arc::clone(&app);
        async move { app.answer(endpoint, request).await }
    })
    .fallback(async || http_error(StatusCode::METHOD_NOT_ALLOWED, "reviews are sent with POST"))
}

async fn not_found() -> Response {
    let paths = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect::<Vec<_>>().join(", ");
    http_error(StatusCode::NOT_FOUND, format!("there is nothing here; reviews are answered at {paths}"))
}

impl App {
    async fn answer(self: Arc<Self>, endpoint: &'static Endpoint, request: Request) -> Response {
        let start = Instant::now();
        let Ok(permit) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            self.metrics.shed(Shed::InFlight);
            return overloaded("too many requests are in work");
        };
        let work = Work::begin(permit, start, &self.metrics);
        let deadline = start
            + time_given(request.uri().query())
                .map_or(self.max_request_time, |given| given.min(self.max_request_time));
        if !is_json(&request) {
            return http_error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "reviews are sent as application/json");
        }
        let (parts, body) = request.into_parts();
        let body = match self.bodies.read(&parts.headers, body, endpoint.is_secret(), deadline).await {
            Ok(body) => body,
            Err(error) => return self.body_error(error),
        };
        self.metrics.body(body.bytes().len());
        if body.bytes().len() <= INLINE_BODY_MAX {
            return self.decide(endpoint, &body, &work);
        }
        let decided = tokio::task::spawn_blocking(move || self.decide(endpoint, &body, &work)).await;
        decided.unwrap_or_else(|_| fault())
    }

    /// All that happens once a body is there. Nothing waits here.
    fn decide(&self, endpoint: &Endpoint, body: &ReadBody, work: &Work) -> Response {
        // A panic of a rule is answered with its uid inside; this is for one of anything else.
        let response = catch_unwind(AssertUnwindSafe(|| {
            let config = self.config.load();
            match review(endpoint, &config, body.bytes()) {
                Ok(mut reviewed) => {
                    self.note(endpoint, &reviewed, work.start.elapsed());
                    let answer = std::mem::take(&mut reviewed.answer);
                    json(reviewed.http_status, answer)
                }
                Err(error) => http_error(StatusCode::BAD_REQUEST, error.to_string()),
            }
        }));
        response.unwrap_or_else(|_| fault())
    }

    fn note(&self, endpoint: &Endpoint, reviewed: &Reviewed<'_>, took: Duration) {
        let request = &reviewed.review.request;
        let warnings = reviewed.decision.warnings.len();
        self.metrics.review(endpoint, &request.operation, reviewed.verdict, warnings, took);
        // Texts are recorded as texts, which are quoted: one with a newline in it cannot forge a line.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    uid = &*request.uid,
                    kind = endpoint.resource.kind,
                    namespace = request.namespace.as_deref().unwrap_or_default(),
                    name = request.name.as_deref().unwrap_or_default(),
                    user = &*request.user_info.username,
                    operation = &*request.operation,
                    endpoint = endpoint.label,
                    verdict = reviewed.verdict.as_str(),
                    violations = reviewed.decision.violations.len(),
                    warnings,
                    microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                    "review"
                )
            };
        }
        match reviewed.verdict {
            Verdict::Allowed | Verdict::Patched => line!(debug),
            Verdict::Refused => line!(info),
            Verdict::Error => line!(error),
        }
    }

    fn body_error(&self, error: BodyError) -> Response {
        match error {
            BodyError::TooLarge(max) => {
                http_error(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {max} bytes"))
            }
            BodyError::TooSlow => http_error(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not arrive within {:?}", self.bodies.timeout),
            ),
            BodyError::Deadline => {
                self.metrics.shed(Shed::Deadline);
                http_error(StatusCode::SERVICE_UNAVAILABLE, "the time given for the request has passed")
            }
            BodyError::Memory => {
                self.metrics.shed(Shed::BodyMemory);
                overloaded("too much memory is taken by other bodies")
            }
            BodyError::Aborted => http_error(StatusCode::BAD_REQUEST, "the body ended too early"),
        }
    }
}

/// A request in work, until it is dropped.
struct Work {
    _permit: OwnedSemaphorePermit,
    start: Instant,
    in_flight: Gauge,
}

impl Work {
    fn begin(permit: OwnedSemaphorePermit, start: Instant, metrics: &Metrics) -> Self {
        metrics.in_flight.inc();
        Self { _permit: permit, start, in_flight: metrics.in_flight.clone() }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.in_flight.dec();
    }
}

/// The time that the API server gives for the whole request: `?timeout=10s`, in whole seconds.
fn time_given(query: Option<&str>) -> Option<Duration> {
    let value = query?.split('&').find_map(|pair| pair.strip_prefix("timeout="))?;
    let seconds: u32 = value.strip_suffix('s')?.parse().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

fn json(status: u16, answer: Buffer) -> Response {
    let mut response = Response::new(Body::from(Bytes::from_owner(answer)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn http_error(status: StatusCode, text: impl Into<String>) -> Response {
    let text: String = text.into();
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text + "\n").into_response()
}

fn overloaded(text: &str) -> Response {
    let mut response = http_error(StatusCode::TOO_MANY_REQUESTS, text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn fault() -> Response {
    http_error(StatusCode::INTERNAL_SERVER_ERROR, "the webhook failed on this request; its log says where")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_given() {
        for (query, seconds) in [
            ("timeout=10s", Some(10)),
            ("a=b&timeout=1s", Some(1)),
            ("timeout=0s", None),
            ("timeout=10", None),
            ("timeout=-1s", None),
            ("timeout=99999999999s", None),
            ("", None),
        ] {
            assert_eq!(time_given(Some(query)), seconds.map(Duration::from_secs), "{query}");
        }
        assert_eq!(time_given(None), None);
    }
}
