//! `/auth/token` over HTTP: what a request holds goes to the token server, and its answer or refusal goes back.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use decide::registry::token::Refusal;
use http_body_util::{BodyExt as _, Collected, Limited};
use process::https::Peer;

use crate::access::Account;
use crate::error_form::json;
use crate::metrics::Metrics;
use crate::token_server::{Client, TokenServer};

/// The longest body, in bytes. It is more than a form may have, so a longer one is refused as such.
const BODY_MAX: usize = 64 * 1024;

/// A token server that counts what it answers.
#[derive(Debug)]
pub struct Endpoint<T> {
    /// The server.
    pub server: Arc<T>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// Answers a request.
pub(crate) async fn answer<T: TokenServer>(
    State(endpoint): State<Arc<Endpoint<T>>>,
    request: Request<Body>,
) -> Response<Body> {
    // The listener knows the address of every client.
    let unknown = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let client = Client::at(request.extensions().get().map_or(unknown, |Peer(address)| *address));
    let answered = endpoint.ask(request, &client).await;
    endpoint.metrics.token(answered.as_ref().err().copied());
    let mut answer = match answered {
        Ok(body) => response(StatusCode::OK, body),
        Err(refusal) => refused(refusal, &endpoint.server.service()),
    };
    if let Some(name) = client.account() {
        answer.extensions_mut().insert(Account(name));
    }
    answer
}

impl<T: TokenServer> Endpoint<T> {
    async fn ask(&self, request: Request<Body>, client: &Client) -> Result<Bytes, Refusal> {
        let body = if request.method() == Method::POST {
            let body = Limited::new(request.into_body(), BODY_MAX).collect().await.map(Collected::to_bytes);
            // What cannot be read is too long, or nobody waits for the answer.
            let body = body.unwrap_or_else(|_| Bytes::from(vec![b'&'; BODY_MAX]));
            self.server.post(&body, client).await?
        } else {
            let authorization = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
            self.server.get(request.uri().query().unwrap_or_default(), authorization, client).await?
        };
        Ok(Bytes::from_owner(body))
    }
}

fn refused(refusal: Refusal, service: &str) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = response(status, Bytes::from(refusal.body()));
    let challenge = refusal.challenge(service).and_then(|text| HeaderValue::try_from(text).ok());
    let retry = refusal.retry_after().map(|after| HeaderValue::from(after.as_secs()));
    for (name, value) in [(header::WWW_AUTHENTICATE, challenge), (header::RETRY_AFTER, retry)] {
        if let Some(value) = value {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// An answer that nobody stores: it may hold a token.
fn response(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = json(status, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
