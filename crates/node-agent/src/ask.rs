//! Asks a mirror whether it answers.
//!
//! Without credentials, and without verification of its certificate: an answer proves that something is there, and containerd
//! verifies whatever it pulls.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use decide::nodes::probe::{TIMEOUT, Target};
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use rustls::ClientConfig;
use tokio::time::timeout;

use crate::connect;
use crate::http::{self, Error, Server};
use crate::names::Names;

/// How this program names itself.
pub(crate) const AGENT: &str = concat!("serverless-node-agent/", env!("CARGO_PKG_VERSION"));

/// How mirrors are asked.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// It should accept any certificate.
    tls: Arc<ClientConfig>,
    names: Names,
}

impl Asker {
    /// With TLS that accepts any certificate.
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls, names: Names::default() }
    }

    /// Whether a mirror gives any HTTP answer in time.
    pub(crate) async fn answers(&self, target: &Target) -> bool {
        timeout(TIMEOUT, self.ask(target)).await.is_ok_and(|answer| answer.is_ok())
    }

    async fn ask(&self, target: &Target) -> Result<(), Error> {
        let Target { host, port, path, .. } = target;
        let request = Request::get(path)
            .header(HOST, format!("{host}:{port}"))
            .header(USER_AGENT, AGENT)
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            // Addresses were judged when they were read.
            .map_err(io::Error::other)?;
        let server = Server { host, port: *port, tls: target.tls.then(|| Arc::clone(&self.tls)) };
        let addresses = self.names.addresses(server.name()).await;
        let addresses: Vec<_> =
            addresses.into_iter().map(|address| SocketAddr::from((address, *port))).collect();
        let stream = connect::first_of(addresses).await?;
        http::send_on(stream, server, request).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
