//! A cache with `--authorize`: who may pull from the upstream may pull from the cache, and nobody else.

use decide::registry::acl::Acl;

use crate::harness::cached::{Cached, Setup};
use crate::harness::guarded::{Guarded, limits};
use crate::harness::registry::{Auth, Registry, layer, push};
use crate::harness::wait::wait_until;

const PUSH: (&str, &str) = ("push.team.web.1", "correct-horse");
const PULL: (&str, &str) = ("pull.team.web.1", "battery-staple");
const OTHER: (&str, &str) = ("pull.other.web.1", "other-battery");
/// What the cache itself logs in with: it may pull everything.
const CACHE: (&str, &str) = ("cache", "cache-horse");

/// An upstream with tokens of ours, an image of the namespace `team`, and the cache.
async fn cached(namespace: &str) -> (Guarded, Cached) {
    let rules = r#"
acl:
- match: {account: cache}
  actions: [pull]
- match: {type: repository, name: "${labels:namespace}/**", labels: {accessMode: push}}
  actions: [pull, push]
- match: {type: repository, name: "${labels:namespace}/**", labels: {accessMode: pull}}
  actions: [pull]
"#;
    let upstream = Guarded::start_with(Acl::read(rules).unwrap(), limits()).await;
    for ((name, password), access, namespace) in
        [(PUSH, "push", "team"), (PULL, "pull", "team"), (OTHER, "pull", "other"), (CACHE, "pull", "none")]
    {
        upstream.add_account(name, access, namespace, password);
    }
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path(), "x").display().to_string();
    for tag in ["1", "2"] {
        let image = upstream.image(&format!("team/app:{tag}"));
        upstream.crane(Some(PUSH), &["append", "-f", &layer, "-t", &image]).unwrap();
    }
    let authority = upstream.authority.clone();
    let cached = Cached::start(&Setup {
        authority: Some(&authority),
        authorize: Some(&[]),
        namespace: Some(namespace),
        ..Setup::of(format!("https://localhost:{}", upstream.port))
    });
    cached.set_credentials(CACHE);
    wait_until("the credentials are there", || cached.is_ready());
    (upstream, cached)
}

/// The agent of each node asks every two seconds.
#[tokio::test(flavor = "multi_thread")]
async fn probes_of_nodes_are_answered_while_the_registry_serves_and_make_no_warnings() {
    let (_upstream, mut cached) = cached("caches-probes").await;
    let of_registry = cached.get_of_registry("/v2/");
    assert_eq!(of_registry.0, 401);
    for _ in 0..5 {
        assert_eq!(cached.get("/v2/"), of_registry);
    }
    let warnings = cached.logs().matches("error authorizing context").count();
    assert_eq!(warnings, 2, "one of ours, one of the gateway: {}", cached.logs());
    cached.registry = None;
    wait_until("probes fail", || cached.get("/v2/").0 == 503);
    cached.start_registry();
    wait_until("probes are answered", || cached.get("/v2/") == of_registry);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_pull_from_the_upstream_may_pull_from_the_cache_and_nobody_else() {
    let (upstream, cached) = cached("caches-authorize").await;
    let image = cached.image("team/app:1");
    let digest = upstream.crane(Some(PULL), &["digest", &upstream.image("team/app:1")]).unwrap();
    let refused = |login, arguments: &[&str], why: &str| {
        let printed = cached.crane(login, arguments);
        assert!(!printed.ok && printed.err.contains(why), "{login:?} {arguments:?}: {printed:?}");
    };
    // Before and after the image is in the cache.
    for _ in 0..2 {
        let not_permitted = "the upstream does not let this login pull this repository";
        refused(Some(OTHER), &["digest", &image], not_permitted);
        refused(None, &["digest", &image], "log in first");
        refused(Some((PULL.0, "wrong")), &["digest", &image], "the account or its password is wrong");
        let pulled = cached.authority_file().with_file_name("pulled.tar").display().to_string();
        cached.crane(Some(PULL), &["pull", &image, &pulled]).unwrap();
        assert_eq!(cached.crane(Some(PULL), &["digest", &image]).unwrap(), digest);
    }
    // A yes is asked for once.
    let accepted = "serverless_registry_cache_upstream_questions_total{answer=\"accepted\"}";
    assert_eq!(cached.metric(accepted), 1.0);
    assert_eq!(cached.crane(Some(PULL), &["ls", &cached.image("team/app")]).unwrap(), "1\n2\n");
    refused(Some(OTHER), &["ls", &cached.image("team/app")], "UNAUTHORIZED");
    refused(Some(PULL), &["catalog", &format!("localhost:{}", cached.port)], "UNAUTHORIZED");
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path(), "y").display().to_string();
    refused(Some(PUSH), &["append", "-f", &layer, "-t", &cached.image("team/new:1")], "UNAUTHORIZED");

    // Other clients, which ask in their own ways.
    for (client, words) in
        [("oras", &["resolve", "--plain-http=false"][..]), ("regctl", &["image", "digest"][..])]
    {
        let run = |login| cached.client(client, login).run(&[words, &[image.as_str()]].concat());
        assert_eq!(run(Some(PULL)).unwrap().trim(), digest.trim());
        assert!(!run(Some(OTHER)).ok && !run(None).ok);
    }
    let logs = cached.logs();
    for (_, secret) in [PUSH, PULL, OTHER, CACHE] {
        assert!(!logs.contains(secret), "{logs}");
    }
    assert!(logs.contains("\"account\":\"pull.team.web.1\"") && !logs.contains("Bearer "), "{logs}");
}

/// Everybody may pull what the upstream gives to everybody, with a login that it does not know as well.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_everybody_at_the_upstream_is_for_everybody() {
    let upstream = Registry::start(Auth::Open, "");
    push("{}", &format!("{}/app:1", upstream.address()), "x").unwrap();
    let cached =
        Cached::start(&Setup { authorize: Some(&[]), ..Setup::of(format!("http://{}", upstream.address())) });
    assert!(cached.is_ready());
    for login in [None, Some(PULL)] {
        cached.crane(login, &["digest", &cached.image("app:1")]).unwrap();
    }
    let printed = cached.crane(None, &["digest", &cached.image("other:1")]);
    assert!(!printed.ok && printed.err.contains("log in first"), "{printed:?}");
}

/// A verdict holds for a while without an upstream. Who was not asked about is not let in.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_upstream_is_away_nobody_new_is_let_in() {
    let (upstream, cached) = cached("caches-away").await;
    let image = cached.image("team/app:1");
    cached.crane(Some(PULL), &["digest", &image]).unwrap();
    upstream.leave().await;
    cached.crane(Some(PULL), &["digest", &image]).unwrap();
    for login in [Some(PUSH), Some(OTHER), None] {
        let printed = cached.crane(login, &["digest", &image]);
        let why = "the upstream cannot be asked now who may pull: try again later";
        assert!(!printed.ok && printed.err.contains(why), "{printed:?}");
    }
}
