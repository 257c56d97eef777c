//! Pull-through caches: rotations and wrong credentials under load, an upstream that is away, who may pull, and the first byte of
//! a large layer: `make bench-cache`.
//!
//! It measures the binaries of the images as processes of their own, with a real API server and real registries. Figures can be
//! compared only within one run.

#![allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "a benchmark, not an interface")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
#![allow(dead_code, unused_imports, reason = "the tests use more of the harness")]

mod access;
mod caches;
#[path = "../registry/harness.rs"]
mod harness;
#[path = "../registry/http.rs"]
mod http;
mod large;
mod mistakes;
mod outage;
#[path = "../load/rates.rs"]
mod rates;
mod rotations;
mod upstream;

fn main() {
    let has = |name: &str| std::env::args().any(|argument| argument == format!("--{name}"));
    let chosen = ["rotations", "mistakes", "outage", "access", "large"].iter().any(|name| has(name));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if !chosen || has("rotations") {
        rotations::measure();
    }
    if !chosen || has("mistakes") {
        mistakes::measure();
    }
    if !chosen || has("outage") {
        runtime.block_on(outage::measure());
    }
    if !chosen || has("access") {
        runtime.block_on(access::measure());
    }
    if !chosen || has("large") {
        runtime.block_on(large::measure());
    }
}
