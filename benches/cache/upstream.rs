//! The upstream of a cache, and its clients.

use axum::body::Body;
use http_body_util::BodyExt as _;

use crate::harness::cached::Cached;
use crate::harness::client::Login;
use crate::harness::registry::{Registry, USER, push};
use crate::http::Connection;
use crate::rates::Server;

/// What clients connect to.
pub fn server(cached: &Cached) -> Server {
    Server { port: cached.port, ca_certificate: cached.authority.clone(), pid: std::process::id() }
}

/// Pushes a small image to the upstream. Returns its digest.
pub fn push_image(upstream: &Registry, password: &str, image: &str) -> String {
    let config = upstream.docker_config(password);
    let pushed = push(&config, &format!("{}/{image}", upstream.address()), image).unwrap();
    pushed.trim().rsplit_once('@').unwrap().1.to_owned()
}

/// The user of every upstream, with a password.
pub fn login(password: &str) -> Login<'_> {
    (USER, password)
}

/// The status of a GET whose body is read.
pub async fn status(connection: &mut Connection, path: &str) -> u16 {
    let answer = connection.send("GET", path, "none", Body::empty()).await;
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}
