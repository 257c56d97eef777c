//! Asks a mirror whether it answers.
//!
//! Without credentials, and without verification of its certificate: an answer proves that something is there, and containerd
//! verifies whatever it pulls.

use std::sync::Arc;

use decide::nodes::probe::{TIMEOUT, Target};
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use rustls::ClientConfig;
use tokio::time::timeout;

use crate::http::{self, Server};

/// How this program names itself.
pub(crate) const AGENT: &str = concat!("serverless-node-agent/", env!("CARGO_PKG_VERSION"));

/// Whether a mirror gives any HTTP answer in time. `tls` should accept any certificate.
pub(crate) async fn answers(target: &Target, tls: Arc<ClientConfig>) -> bool {
    let Target { host, port, path, .. } = target;
    let request = Request::get(path)
        .header(HOST, format!("{host}:{port}"))
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new());
    // Addresses were judged when they were read.
    let Ok(request) = request else { return false };
    let server = Server { host, port: *port, tls: target.tls.then_some(tls) };
    timeout(TIMEOUT, http::send(server, request)).await.is_ok_and(|answer| answer.is_ok())
}

#[cfg(test)]
mod tests;
