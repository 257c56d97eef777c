//! How soon an account may log in, and no longer may; and what ten thousand of them take.

use std::time::{Duration, Instant};

use api::registry::ImageRegistryAccount;
use futures::StreamExt as _;
use kube::Api;
use kube::api::{DeleteParams, PostParams};

use crate::gateway::{Gateway, NAMESPACE, account_with, token_request};
use crate::harness::cluster::{BARE, client};
use crate::harness::guarded::hash;
use crate::http::Connection;

/// Changes: each account is created and deleted.
const CHANGES: usize = 1000;
const MANY: usize = 10_000;
const CLIENTS: usize = 16;
const PASSWORD: &str = "correct-horse-battery-staple";

pub async fn measure() {
    let api: Api<ImageRegistryAccount> = Api::namespaced(client(&BARE.kubeconfig()).await, NAMESPACE);
    let hash = hash(PASSWORD);
    let gateway = Gateway::start();
    let accounts = 0..CHANGES / 2;
    let changes: Vec<_> = futures::stream::iter(accounts)
        .map(|number| change(&gateway, &api, &hash, number))
        .buffer_unordered(CLIENTS)
        .collect()
        .await;
    let (mut created, mut deleted): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
    println!("\n| {CHANGES} changes, {CLIENTS} at a time | p50 ms | p99 ms | most ms |");
    println!("|---|---|---|---|");
    for (name, times) in [("created → usable", &mut created), ("deleted → refused", &mut deleted)] {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_millis();
        println!("| {name} | {} | {} | {} |", at(0.5), at(0.99), at(1.0));
    }
    let few = gateway.running.server.resident_mib();
    drop(gateway);

    let all = futures::stream::iter(0..MANY).for_each_concurrent(CLIENTS, async |number| {
        let account = account_with(&format!("push.bench.many-{number}.1"), &hash);
        let account = serde_json::from_value(account).unwrap();
        api.create(&PostParams::default(), &account).await.unwrap();
    });
    all.await;
    let gateway = Gateway::start();
    let server = &gateway.running.server;
    println!("\n| accounts | MiB | peak MiB |\n|---|---|---|");
    println!("| a few, after {CHANGES} changes | {few:.1} | |");
    println!("| {MANY} | {:.1} | {:.1} |", server.resident_mib(), server.peak_mib());
}

/// How long after its creation an account logged in, and how long after its deletion a login was accepted.
async fn change(
    gateway: &Gateway,
    api: &Api<ImageRegistryAccount>,
    hash: &str,
    number: usize,
) -> (Duration, Duration) {
    let name = format!("push.bench.change-{number}.1");
    let mut connection = Connection::open(&gateway.running.server).await;
    let request = token_request((&name, PASSWORD), "repository:bench/app:pull");
    let account = serde_json::from_value(account_with(&name, hash)).unwrap();
    api.create(&PostParams::default(), &account).await.unwrap();
    let begin = Instant::now();
    while connection.token(request.clone()).await.is_err() {}
    let created = begin.elapsed();
    api.delete(&name, &DeleteParams::default()).await.unwrap();
    let begin = Instant::now();
    let mut accepted = Duration::ZERO;
    // A refusal is answered late, so the last login that was accepted counts.
    while connection.token(request.clone()).await.is_ok() {
        accepted = begin.elapsed();
    }
    (created, accepted)
}
