//! Functions from Git: fetched in their build Pods, with a password or a key.

use std::time::Duration;

use russh::keys::Algorithm;
use serde_json::json;

use crate::harness::cluster::repository;
use crate::harness::git::{new_key, text};
use crate::harness::git_servers::{ACCOUNT, Http, Repository, Ssh};
use crate::harness::real_cluster::{CLUSTER, RUNTIME, secret};
use crate::harness::wait::wait_within;

const HOST: &str = "git.test";

#[test]
#[ignore = "it needs a node: make test-node"]
fn functions_are_fetched_with_a_password_and_with_a_key_and_follow_their_branch() {
    let namespace = CLUSTER.namespace("git-sources");
    let sources = Repository::new();
    sources.commit("fn/package.json", "{}");
    sources.commit("fn/handler.js", "module.exports = { main: () => 'one' }");
    let http = RUNTIME.block_on(Http::start_at(HOST, &sources, true));
    let key = new_key(Algorithm::Ed25519);
    let ssh =
        RUNTIME.block_on(Ssh::start_at((HOST, 0), &sources, new_key(Algorithm::Ed25519), key.public_key()));
    let label = json!({"serverless.kyma-project.io/git-credentials": "true"});
    let account = json!({"username": ACCOUNT.0, "password": ACCOUNT.1});
    namespace.apply(&secret(&json!({"name": "basic", "labels": label}), &account));
    let keys = json!({"key": text(&key).as_str(), "known_hosts": ssh.known_hosts});
    namespace.apply(&secret(&json!({"name": "key", "labels": label}), &keys));
    for (kind, url) in [("basic", &http.url), ("key", &ssh.url)] {
        namespace.apply(&repository(kind, &json!({"url": url, "auth": {"type": kind, "secretName": kind}})));
        let spec = json!({"type": "git", "runtime": "nodejs22", "source": kind, "baseDir": "/fn", "reference": "main"});
        namespace.function(kind, &spec);
    }
    for kind in ["basic", "key"] {
        namespace.await_ready(kind);
        assert_eq!(namespace.call(kind, &[], "").body, "one");
    }
    let commit = sources.commit("fn/handler.js", "module.exports = { main: () => 'two' }");
    for kind in ["basic", "key"] {
        namespace.kubectl(&format!(
            "wait function/{kind} --for=jsonpath={{.status.commit}}={commit} --timeout=120s"
        ));
        // The commit is recorded before it is built.
        wait_within(Duration::from_mins(4), "two", || namespace.call(kind, &[], "").body == "two");
    }
}
