//! Passes requests on to the registry beside it, and its answers back to the client: as streams of any size, through
//! small buffers. Headers about one connection are not passed on, and `X-Forwarded-*` say what the gateway knows, not what
//! the client claims.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use process::causes::Causes;
use process::https::Peer;

use crate::challenge;
use crate::error_form::{error, unavailable};
use crate::metrics::Metrics;
use crate::stream::Counted;

/// How long the registry may take to accept a connection: it is in the same Pod.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the registry may take to say how it is.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection to the registry is kept for the next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a body is in memory at a time, in each direction.
const BUFFER_MAX: usize = 64 << 10;

/// Headers that concern one connection (RFC 9110, section 7.6.1), and those in which a client could claim to be another.
const NOT_PASSED: [HeaderName; 12] = [
    header::CONNECTION,
    header::EXPECT,
    header::FORWARDED,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-real-ip"),
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The way to a registry.
#[derive(Debug)]
pub struct Gateway {
    client: Client<HttpConnector, Body>,
    registry: Authority,
    /// How clients reach the gateway.
    scheme: HeaderValue,
    metrics: Arc<Metrics>,
}

impl Gateway {
    /// A gateway to the registry that listens on an address, without TLS.
    #[must_use]
    pub fn new(registry: Authority, metrics: Arc<Metrics>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .http1_max_buf_size(BUFFER_MAX)
            .build(connector);
        Self { client, registry, scheme: HeaderValue::from_static("https"), metrics }
    }

    /// For clients that come without TLS.
    #[must_use]
    pub fn without_tls(self) -> Self {
        Self { scheme: HeaderValue::from_static("http"), ..self }
    }

    /// Passes a request on. If the registry does not answer, the client is told to come again.
    pub async fn pass(&self, request: Request<Body>) -> Response<Body> {
        let address = challenge::address(&request);
        let request = self.for_registry(request);
        match self.client.request(request).await {
            Ok(mut answer) => {
                remove_hop_by_hop(answer.headers_mut());
                if let Some(address) = address {
                    challenge::refer_to(&address, answer.headers_mut());
                }
                answer.map(|body| Body::new(Counted::new(body, self.metrics.sent())))
            }
            Err(cause) if is_of_client(&cause) => {
                tracing::debug!(error = %Causes(&cause), "a body cannot be read");
                error(StatusCode::BAD_REQUEST, "UNSUPPORTED", "the body of the request is broken")
            }
            Err(cause) => {
                tracing::warn!(error = %Causes(&cause), "the registry does not answer");
                self.metrics.unavailable();
                unavailable("the registry does not answer: try again later")
            }
        }
    }

    /// What the registry answers to whoever asks how it is; `None` if it does not answer. It answers 503 while it cannot use
    /// its storage.
    pub async fn health(&self) -> Option<StatusCode> {
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(self.registry.clone()).path_and_query("/");
        let request = Request::get(uri.build().ok()?).body(Body::empty()).ok()?;
        let answer = tokio::time::timeout(HEALTH_TIMEOUT, self.client.request(request)).await;
        Some(answer.ok()?.ok()?.status())
    }

    /// The request as the registry gets it.
    fn for_registry(&self, request: Request<Body>) -> Request<Body> {
        let (mut parts, body) = request.into_parts();
        remove_hop_by_hop(&mut parts.headers);
        let host = parts.headers.get(header::HOST).cloned();
        let peer = parts
            .extensions
            .get::<Peer>()
            .and_then(|Peer(address)| HeaderValue::try_from(address.to_string()).ok());
        for (name, value) in
            [(FORWARDED_FOR, peer), (FORWARDED_HOST, host), (FORWARDED_PROTO, Some(self.scheme.clone()))]
        {
            match value {
                Some(value) => _ = parts.headers.insert(name, value),
                None => _ = parts.headers.remove(name),
            }
        }
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut uri = axum::http::uri::Parts::default();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.registry.clone());
        uri.path_and_query = Some(path);
        // Scheme, authority and path are there, so this is a URI.
        parts.uri = Uri::from_parts(uri).unwrap_or_default();
        parts.version = axum::http::Version::HTTP_11;
        parts.extensions = axum::http::Extensions::new();
        Request::from_parts(parts, Body::new(Counted::new(body, self.metrics.received())))
    }
}

/// Whether a request failed because its client sent a broken body, or went away.
fn is_of_client(error: &(dyn std::error::Error + 'static)) -> bool {
    let of_hyper = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user);
    of_hyper || error.source().is_some_and(is_of_client)
}

/// Removes what is said of one connection only.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&NOT_PASSED) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        let metrics = Arc::new(Metrics::new());
        let gateway = Gateway::new("127.0.0.1:5000".parse().unwrap(), metrics);
        let mut request = Request::get("https://evil.test/v2/team/app/tags/list?n=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.extension(Peer([10, 0, 0, 1].into())).body(Body::empty()).unwrap();
        let request = gateway.for_registry(request);
        assert_eq!(request.uri(), "http://127.0.0.1:5000/v2/team/app/tags/list?n=1");
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    #[tokio::test]
    async fn the_registry_gets_what_a_client_asks_and_not_what_it_claims() {
        let headers = passed(&[
            ("host", "registry.test"),
            ("authorization", "Bearer token"),
            ("accept", "a/b"),
            ("connection", "keep-alive, x-secret"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("expect", "100-continue"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("forwarded", "for=1.2.3.4;host=evil"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "evil"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-port", "80"),
            ("x-real-ip", "1.2.3.4"),
        ]);
        let mut headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.sort_unstable();
        let expected = [
            ("accept", "a/b"),
            ("authorization", "Bearer token"),
            ("host", "registry.test"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-host", "registry.test"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(headers, expected);
    }
}
