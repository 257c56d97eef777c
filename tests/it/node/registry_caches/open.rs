//! A cache without credentials is for everybody.

use serde_json::json;

use super::cache::{Cache, push, system};
use crate::harness::registry::{Auth, Registry, USER};

/// The node has no way to it but the cache: it speaks no TLS, and the node expects it.
const UPSTREAM: &str = "registry.test:5007";
const PORT: u16 = 5007;

#[test]
#[ignore = "it needs a node: make test-node"]
fn everybody_pulls_from_an_open_cache_of_an_upstream_without_credentials() {
    let upstream = Registry::start_at("registry.test", PORT, Auth::Open, "");
    let spec = json!({"remoteURL": format!("http://{UPSTREAM}"), "access": "Open"});
    let cache = Cache::create("open-cache", UPSTREAM, &spec);
    cache.awaits("CredentialsValid", "True|The cache pulls without credentials");
    cache.await_node();
    let image = push(UPSTREAM, (USER, "any"), "", "team/app:1");
    cache.runs("nobody", &image, None);
    // It asks nobody for a login, and has nothing to give tokens with.
    upstream.stop();
    for (pod, login) in [("again", None), ("stranger", Some((USER, "any")))] {
        cache.runs(pod, &image, login);
    }
    let secrets = system().kubectl("get secrets -l upstream-host=registry.test-5007 -o name");
    assert!(!secrets.contains("-credentials") && !secrets.contains("-token-authority"), "{secrets}");
    upstream.resume();
    cache.end();
}
