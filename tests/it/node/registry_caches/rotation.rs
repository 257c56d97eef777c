//! Credentials for the upstream are rotated as the documentation of Gardener has it, step by step.

use serde_json::json;

use super::cache::{Cache, add_credentials, await_end, push, system};
use super::without_helper;
use crate::harness::registry::{Auth, Registry, USER};

/// The upstream. The node has no way to it but the cache: it speaks no TLS, and the node expects it.
const UPSTREAM: &str = "registry.test:5006";
const PORT: u16 = 5006;

#[test]
#[ignore = "it needs a node: make test-node"]
fn pods_pull_from_a_cache_what_their_own_secrets_allow_while_its_credentials_rotate() {
    let upstream = Registry::start_at("registry.test", PORT, Auth::Basic, "first");
    add_credentials("upstream-v1", (USER, "first"));
    let spec = json!({"remoteURL": format!("http://{UPSTREAM}"), "secretReferenceName": "upstream-v1"});
    let cache = Cache::create("caches", UPSTREAM, &spec);
    let proven = "True|The upstream accepts the credentials of Secret kyma-system/upstream";
    cache.awaits("CredentialsValid", &format!("{proven}-v1"));
    cache.await_node();
    without_helper::does_not_start(&cache);

    let first = Some((USER, "first"));
    let image = push(UPSTREAM, (USER, "first"), "", "team/app:1");
    cache.runs("first", &image, first);
    // The image is in the cache now, and is given to nobody else.
    for (pod, login) in [("wrong", Some((USER, "wrong"))), ("nobody", None)] {
        cache.refuses(pod, &image, login);
    }

    // Step 4: the upstream has another password, and a second Secret is referenced. Nothing restarts.
    let pod_of_cache = || {
        let path = "jsonpath={.metadata.uid}{.status.containerStatuses[*].restartCount}";
        system().kubectl(&format!("get pod {} -o {path}", cache.pod()))
    };
    let before = pod_of_cache();
    upstream.set_password("second");
    add_credentials("upstream-v2", (USER, "second"));
    system().kubectl(
        "patch registrycache caches --type=merge -p {\"spec\":{\"secretReferenceName\":\"upstream-v2\"}}",
    );
    cache.awaits("CredentialsValid", &format!("{proven}-v2"));
    let second = (USER, "second");
    let image = push(UPSTREAM, second, "", "team/app:2");
    cache.runs("second", &image, Some(second));
    assert_eq!(pod_of_cache(), before);

    // The upstream is away: what is in the cache is pulled by whom it knows.
    upstream.stop();
    cache.runs("third", &image, Some(second));
    upstream.resume();

    cache.end();
    await_end(UPSTREAM);
    system().kubectl("delete secret upstream-v1 upstream-v2");
}
