//! Answers in JSON, and errors in the form that registries have.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use decide::registry::token::refusal::error_body;

/// An answer with an error.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    json(status, error_body(code, message).into())
}

/// An answer that sends a client away for a while.
pub(crate) fn unavailable(message: &str) -> Response<Body> {
    let mut answer = error(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
