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
use policy::text::{NAME_SHOWN, cut};
use policy::violation;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::body::{BodyError, BodyLimits, ReadBody};
use super::question::NoReview;
use super::review::{ANSWER_MAX, Reviewed, Verdict, review};
use super::routes::{ENDPOINTS, Endpoint};
use super::secret_buffer::SecretBuffer;
use crate::memory::{Memory, Reserved};
use crate::metrics::{Metrics, Shed};

/// Larger bodies are processed on other threads, so that a body that takes milliseconds delays no other request.
const INLINE_BODY_MAX: usize = 128 * 1024;
/// What the work on a body takes at most besides the body itself: so many times its size, and as much again as the longest
/// lists and maps of short entries take. `make bench-shapes` measures it.
const WORK_FACTOR: usize = 4;
const WORK_BASE: usize = 1 << 20;

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
    /// The memory for the work on large bodies. Those who wait for it have turns; who has it waits for nothing.
    pub work_memory: Memory,
}

/// The memory for the work on bodies: that of one of the largest, or of several smaller ones.
#[must_use]
pub fn work_memory(max_body: usize) -> Memory {
    Memory::new(work_of(max_body))
}

fn work_of(body: usize) -> usize {
    body.saturating_mul(WORK_FACTOR).saturating_add(WORK_BASE)
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
    http_error(StatusCode::NOT_FOUND, format!("no such path: reviews are answered at {paths}"))
}

impl App {
    async fn answer(self: Arc<Self>, endpoint: &'static Endpoint, request: Request) -> Response {
        let start = Instant::now();
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
        let length = body.bytes().len();
        self.metrics.body(length);
        // Only now: a client that sends half a body must not keep others from being answered.
        let Ok(permit) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            self.metrics.shed(Shed::InFlight);
            return overloaded("too many requests are in progress");
        };
        let work = Work::begin(permit, start, &self.metrics);
        if length <= INLINE_BODY_MAX {
            return self.decide(endpoint, body, &work);
        }
        let Ok(memory) = timeout_at(deadline, self.work_memory.wait(work_of(length))).await else {
            return self.body_error(BodyError::Deadline);
        };
        let decided = tokio::task::spawn_blocking(move || {
            let response = self.decide(endpoint, body, &work);
            drop(memory);
            response
        });
        decided.await.unwrap_or_else(|_| fault())
    }

    /// All that happens once a body is there. Nothing waits here.
    fn decide(&self, endpoint: &Endpoint, body: ReadBody, work: &Work) -> Response {
        // A panic of a rule is answered with its uid inside; this is for one of anything else.
        match catch_unwind(AssertUnwindSafe(|| self.judge(endpoint, body.bytes(), work))) {
            Ok(Ok((status, answer))) => self.json(status, answer, body.into_memory()),
            Ok(Err(error)) => http_error(StatusCode::BAD_REQUEST, error.to_string()),
            Err(_) => fault(),
        }
    }

    fn judge(&self, endpoint: &Endpoint, body: &[u8], work: &Work) -> Result<(u16, SecretBuffer), NoReview> {
        let config = self.config.load();
        let mut reviewed = review(endpoint, &config, body)?;
        self.note(endpoint, &reviewed, work.start.elapsed());
        Ok((reviewed.http_status, std::mem::take(&mut reviewed.answer)))
    }

    /// An answer, whose memory stays reserved until it is written or its client is gone.
    fn json(&self, status: u16, answer: SecretBuffer, memory: Reserved) -> Response {
        let needed = answer.capacity();
        let fits = (needed..=needed + ANSWER_MAX).contains(&memory.bytes());
        let memory = if fits { Some(memory) } else { self.bodies.memory.resize(memory, needed) };
        let Some(memory) = memory else { return self.body_error(BodyError::Memory) };
        let answer = Bytes::from_owner(Answer { bytes: answer, _memory: memory });
        let mut response = Response::new(Body::from(answer));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    fn note(&self, endpoint: &Endpoint, reviewed: &Reviewed<'_>, took: Duration) {
        let request = &reviewed.review.request;
        let warnings = reviewed.decision.warnings.len();
        self.metrics.reviews.count(endpoint, &request.operation, reviewed.verdict, warnings, took);
        // Texts are recorded as texts, which are quoted: one with a newline in it cannot forge a line. They are cut, since
        // a client wrote them.
        let shown = |text| cut(text, NAME_SHOWN);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    uid = &*shown(&request.uid),
                    kind = endpoint.resource.kind,
                    namespace = &*shown(request.namespace.as_deref().unwrap_or_default()),
                    name = &*shown(request.name.as_deref().unwrap_or_default()),
                    user = &*shown(&request.user_info.username),
                    operation = &*shown(&request.operation),
                    endpoint = endpoint.label,
                    verdict = reviewed.verdict.as_str(),
                    violations = violation::fields(&reviewed.decision.violations),
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
                overloaded("other request bodies take all the memory")
            }
            BodyError::Aborted => http_error(StatusCode::BAD_REQUEST, "the body ended too early"),
        }
    }
}

/// An answer, and the memory that is reserved for it. The connection drops both together.
struct Answer {
    bytes: SecretBuffer,
    _memory: Reserved,
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
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
