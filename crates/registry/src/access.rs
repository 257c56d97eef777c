//! The access log: a line for each request, when its answer has ended or its client has gone. It names no token, no credential
//! and no query.

use std::net::IpAddr;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use policy::text::cut;
use process::https::Peer;

use crate::stream::{Counted, Passing};

/// How much of a path is shown.
const PATH_SHOWN: usize = 512;

/// The account that asks, in the extensions of an answer: one that exists, whether its password was right or not.
#[derive(Clone, Debug)]
pub(crate) struct Account(pub String);

/// A request that is being answered. It is logged when it is dropped.
struct Logged {
    method: Method,
    path: String,
    client: Option<IpAddr>,
    account: Option<String>,
    status: Option<StatusCode>,
    received: Passing,
    sent: Passing,
    start: Instant,
}

/// Logs each request of a router.
pub fn logged(router: Router) -> Router {
    router.layer(middleware::from_fn(log))
}

async fn log(request: Request, next: Next) -> Response {
    let mut logged = Logged {
        method: request.method().clone(),
        path: cut(request.uri().path(), PATH_SHOWN).into_owned(),
        client: request.extensions().get().map(|Peer(address)| *address),
        account: None,
        status: None,
        received: Passing::default(),
        sent: Passing::default(),
        start: Instant::now(),
    };
    let received = logged.received.clone();
    let mut answer = next.run(request.map(|body| Body::new(Counted::new(body, received)))).await;
    logged.status = Some(answer.status());
    logged.account = answer.extensions_mut().remove().map(|Account(name)| name);
    let sent = logged.sent.clone();
    answer.map(|body| Body::new(Counted::new(body, sent).until_dropped(logged)))
}

impl Drop for Logged {
    fn drop(&mut self) {
        tracing::info!(
            method = self.method.as_str(),
            path = self.path,
            status = self.status.map(|status| status.as_u16()),
            account = self.account,
            client = self.client.map(|address| address.to_canonical().to_string()),
            received = self.received.bytes.get(),
            sent = self.sent.bytes.get(),
            seconds = self.start.elapsed().as_secs_f64(),
            "request"
        );
    }
}
