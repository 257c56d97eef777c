//! What is answered at which path: the registry, tokens, and nothing else.

use std::sync::Arc;

use api::names::image_registry::TOKEN_PATH;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{any, get};

use crate::endpoint::{self, Endpoint};
use crate::error_form::error;
use crate::gateway::Gateway;
use crate::token_server::TokenServer;

/// The router of the port of clients.
pub fn router<T: TokenServer>(gateway: Arc<Gateway>, tokens: Arc<Endpoint<T>>) -> Router {
    alone(gateway).merge(self::tokens(tokens))
}

/// The registry without tokens.
pub(crate) fn alone(gateway: Arc<Gateway>) -> Router {
    Router::new().route("/v2/", any(pass)).route("/v2/{*path}", any(pass)).with_state(gateway).fallback(
        async || error(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing here: the registry is at /v2/"),
    )
}

/// The tokens without the registry.
pub(crate) fn tokens<T: TokenServer>(tokens: Arc<Endpoint<T>>) -> Router {
    Router::new()
        .route(TOKEN_PATH, get(endpoint::answer::<T>).post(endpoint::answer::<T>))
        .with_state(tokens)
        .method_not_allowed_fallback(async || {
            error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "ask for tokens with GET or POST")
        })
}

async fn pass(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response<Body> {
    gateway.pass(request).await
}
