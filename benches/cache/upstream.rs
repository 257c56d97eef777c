//! The upstream of a cache, and its clients.

use crate::harness::cached::Cached;
use crate::harness::registry::{Registry, USER, push};
use crate::rates::Server;

/// What clients connect to.
pub fn server(cached: &Cached) -> Server {
    Server { port: cached.port, ca_certificate: cached.authority.clone(), pid: std::process::id() }
}

/// Pushes a small image to the upstream.
pub fn push_image(upstream: &Registry, password: &str, image: &str) {
    let config = upstream.docker_config(password);
    push(&config, &format!("{}/{image}", upstream.address()), image).unwrap();
}

/// The user of every upstream, with a password.
pub fn login(password: &str) -> (&str, &str) {
    (USER, password)
}
