//! Micro-benchmarks of what is done in process, a review and the files of nodes: `cargo bench --bench micro`.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark, not an interface"
)]

use decide::nodes::render::hosts;
use divan::{Bencher, black_box};
use policy::container_registries::{
    Address, Credentials, Endpoint as NodeEndpoint, Fallback, HiddenText, Host, Registries, Registry,
};
use policy::{Config, FunctionObject, functions};
use serverless_webhook::admission::question::Review;
use serverless_webhook::admission::review::{Outcome, encode, review};
use serverless_webhook::admission::routes::{ENDPOINTS, Endpoint};

#[path = "load/bodies.rs"]
mod bodies;

fn main() {
    divan::main();
}

fn config() -> Config {
    serverless_webhook::config::parse(None, |_| None).unwrap()
}

fn function(body: &[u8]) -> FunctionObject {
    Review::parse(body).unwrap().request.decode_object().unwrap()
}

#[divan::bench]
fn decode_envelope(bencher: Bencher) {
    let body = bodies::of("defaulting-functions");
    bencher.bench(|| Review::parse(black_box(&body)).unwrap());
}

#[divan::bench]
fn decode_function(bencher: Bencher) {
    let body = bodies::of("defaulting-functions");
    let review = Review::parse(&body).unwrap();
    bencher.bench(|| review.request.decode_object::<FunctionObject>().unwrap());
}

#[divan::bench]
fn default_function(bencher: Bencher) {
    let (config, function) = (config(), function(&bodies::of("defaulting-functions")));
    bencher.bench(|| functions::default(black_box(&config), black_box(&function), || None));
}

#[divan::bench]
fn validate_function(bencher: Bencher) {
    let (config, function) = (config(), function(&bodies::of("validation-functions")));
    bencher.bench(|| functions::validate(black_box(&config), black_box(&function), None));
}

#[divan::bench]
fn encode_patch(bencher: Bencher) {
    let body = bodies::of("defaulting-functions");
    let outcome = Outcome::Decided(functions::default(&config(), &function(&body), || None));
    let review = Review::parse(&body).unwrap();
    bencher.bench(|| encode(endpoint("defaulting-functions"), black_box(&review), black_box(&outcome)));
}

/// Decode, decide and encode: a whole review without HTTP and TLS.
#[divan::bench(args = ENDPOINTS.iter().map(|endpoint| endpoint.label))]
fn whole_review(bencher: Bencher, label: &str) {
    let (config, body) = (config(), bodies::of(label));
    bencher.bench(|| {
        review(endpoint(label), black_box(&config), black_box(&body)).unwrap().answer.as_ref().len()
    });
}

#[divan::bench]
fn whole_review_of_one_mebibyte(bencher: Bencher) {
    let (config, body) = (config(), bodies::one_mebibyte());
    bencher.bench(|| {
        review(endpoint("validation-functions"), black_box(&config), black_box(&body))
            .unwrap()
            .answer
            .as_ref()
            .len()
    });
}

/// A thousand hosts, each with a mirror that has credentials, as `hosts.toml` for containerd.
#[divan::bench]
fn render_hosts_of_a_thousand_registries(bencher: Bencher) {
    let registries = (0..1_000).map(|number| {
        let host = format!("registry-{number}.example.com");
        let credentials =
            Credentials::Basic { username: "user".into(), password: HiddenText::new("password") };
        let mirror = node_endpoint(&format!("mirror-{number}.example.com:5000"));
        let mirror = NodeEndpoint { credentials: Some(credentials), ..mirror };
        let endpoints = vec![mirror, node_endpoint(&host)];
        (Host::parse(&host).unwrap(), Registry { endpoints, fallback: Fallback::Upstream })
    });
    let registries = Registries(registries.collect());
    bencher.bench(|| hosts::render(black_box(&registries), hosts::Options::default()));
}

fn node_endpoint(address: &str) -> NodeEndpoint {
    NodeEndpoint::at(Address::parse(address).unwrap())
}

fn endpoint(label: &str) -> &'static Endpoint {
    ENDPOINTS.iter().find(|endpoint| endpoint.label == label).unwrap()
}
