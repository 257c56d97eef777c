//! The gateway of registries: tokens, accounts and their memory, large blobs beside Debian's nginx, and rotations under
//! load: `make bench-registry`.
//!
//! It measures the release binary as a process of its own, with a real API server and real registries. Figures can be
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

mod accounts;
mod blobs;
mod gateway;
mod harness;
mod http;
#[path = "../load/rates.rs"]
mod rates;
mod rotations;
mod tokens;

fn main() {
    let has = |name: &str| std::env::args().any(|argument| argument == format!("--{name}"));
    let chosen = ["tokens", "accounts", "blobs", "rotations"].iter().any(|name| has(name));
    let one = tokio::runtime::Builder::new_current_thread().event_interval(8).enable_all().build().unwrap();
    if !chosen || has("tokens") {
        one.block_on(tokens::measure());
    }
    let all = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if !chosen || has("accounts") {
        all.block_on(accounts::measure());
    }
    if !chosen || has("blobs") {
        all.block_on(blobs::measure());
    }
    if !chosen || has("rotations") {
        all.block_on(rotations::measure());
    }
}
