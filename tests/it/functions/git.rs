//! Functions of type `git` on a real control plane, from real Git servers.

use std::sync::LazyLock;

use russh::keys::Algorithm;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::harness::cluster::{NOTHING, repository};
use crate::harness::controller::CLUSTER;
use crate::harness::git::{new_key, text};
use crate::harness::git_servers::{ACCOUNT, Http, Repository, Ssh};
use crate::harness::namespace::Namespace;

/// Runs the servers.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

const CONFIGURED: &str = "ConfigurationReady";

impl Namespace<'_> {
    pub fn add_repository(&self, url: &str, auth: &str) {
        let mut spec = json!({"url": url});
        if !auth.is_empty() {
            spec["auth"] = json!({"type": auth, "secretName": "git-credentials"});
        }
        self.kubectl("apply -f -", &repository("code", &spec)).unwrap();
    }

    fn apply_git(&self, name: &str, reference: &str) {
        self.apply(name, &json!({"type": "git", "source": "code", "baseDir": "fn", "reference": reference}));
    }

    fn commit(&self, name: &str) -> String {
        self.get(&format!("function {name}"))["status"]["commit"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn branch_tag_and_commit_run_and_a_moved_branch_is_followed() {
    let code = Repository::new();
    let server = RUNTIME.block_on(Http::start(&code, false));
    let namespace = Namespace::new(&CLUSTER.control_plane, "git");
    namespace.add_repository(&server.url, "");
    let first = code.id("main");
    for (name, reference) in [("branch", "main"), ("tag", "v1"), ("commit", first.as_str())] {
        namespace.apply_git(name, reference);
    }
    for name in ["branch", "tag", "commit"] {
        namespace.await_condition(name, "Running", "True");
        assert_eq!(namespace.commit(name), first);
        assert_eq!(
            namespace.condition(name, CONFIGURED),
            format!("True SourceUpdated Sources {name} updated")
        );
    }
    // A Function that needs it sooner is polled more often.
    let often = "annotate function branch serverless.kyma-project.io/gitPollInterval=5s";
    namespace.kubectl(often, NOTHING).unwrap();
    let second = code.commit("fn/handler.js", "module.exports = { main: () => 2 }");
    namespace.wait("the branch is followed", || namespace.commit("branch") == second);
    namespace.wait("the new commit runs", || namespace.condition("branch", "Running").starts_with("True"));
    // As if the last commit had never happened.
    code.work(&format!("reset --quiet --hard {first}"));
    let third = code.commit("fn/handler.js", "module.exports = { main: () => 3 }");
    assert_ne!(second, third);
    namespace.wait("a forced push is followed", || namespace.commit("branch") == third);
    assert_eq!((namespace.commit("tag"), namespace.commit("commit")), (first.clone(), first));
}

#[test]
fn one_look_up_is_for_all_functions_of_a_remote() {
    let code = Repository::new();
    let server = RUNTIME.block_on(Http::start(&code, false));
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-many");
    namespace.add_repository(&server.url, "");
    let spec = json!({
        "type": "git", "source": "code", "baseDir": "fn", "reference": "main",
        "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1,
    });
    let functions: Vec<_> =
        (0..40).map(|index| crate::harness::cluster::function(&format!("f{index}"), &spec)).collect();
    namespace
        .kubectl("create -f -", &json!({"apiVersion": "v1", "kind": "List", "items": functions}))
        .unwrap();
    let is_built = |function: &serde_json::Value| function["status"]["commit"].is_string();
    namespace.wait("all know their commit", || namespace.list("functions").iter().all(is_built));
    // The first Functions were created before the last ones.
    assert!(server.asked() <= 3, "{} look-ups", server.asked());
}

#[test]
fn what_is_missing_is_told_and_seen_at_once_when_it_comes() {
    let code = Repository::new();
    let server = RUNTIME.block_on(Http::start(&code, true));
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-missing");
    namespace.apply_git("demo", "main");
    let expected = "False GitRepositoryMissing GitRepository code is not in namespace git-missing";
    namespace.await_condition("demo", CONFIGURED, expected);
    let seen_at_once =
        |change: &dyn Fn(), expected: &str| namespace.seen_at_once(change, CONFIGURED, expected);
    let missing = "False GitCredentialsInvalid Sources update failed: Secret git-credentials is not in namespace git-missing";
    seen_at_once(&|| namespace.add_repository(&server.url, "basic"), missing);
    let wrong = json!({"username": ACCOUNT.0, "password": "wrong-password"});
    let refused = "False GitCredentialsInvalid Sources update failed: the server refuses the credentials: 401 Unauthorized";
    seen_at_once(&|| namespace.add_secret("git-credentials", &wrong), refused);
    let right = json!({"username": ACCOUNT.0, "password": ACCOUNT.1});
    seen_at_once(&|| namespace.add_secret("git-credentials", &right), "True SourceUpdated");
    namespace.await_condition("demo", "Running", "True");
    namespace.apply_git("demo", "nowhere");
    let missing = "False SourceUpdateFailed Sources update failed: reference \"nowhere\" not found: neither a branch nor a tag has this name";
    namespace.await_condition("demo", CONFIGURED, missing);
    assert!(namespace.condition("demo", "Running").starts_with("True"), "what runs goes on");
    let everything = namespace.kubectl("get functions,events,jobs -o yaml", NOTHING).unwrap();
    for secret in [ACCOUNT.1, "wrong-password"] {
        assert!(!everything.contains(secret));
    }
}

#[test]
fn a_host_key_that_is_met_first_is_recorded_and_another_one_refused() {
    let code = Repository::new();
    let mine = new_key(Algorithm::Ed25519);
    let server = RUNTIME.block_on(Ssh::start(&code, new_key(Algorithm::Ed25519), mine.public_key(), 0));
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-ssh");
    namespace.add_secret("git-credentials", &json!({"key": text(&mine).as_str()}));
    namespace.add_repository(&server.url, "key");
    namespace.apply_git("demo", "main");
    namespace.await_condition("demo", "Running", "True");
    let annotation = "serverless.kyma-project.io/host-keys";
    let recorded = || namespace.get("gitrepository code")["metadata"]["annotations"][annotation].clone();
    namespace.wait("the key is recorded", || recorded() == server.known_hosts.as_str());

    // Another server replaces it.
    let other = new_key(Algorithm::Ed25519).public_key().to_openssh().unwrap();
    let wrong = format!("[127.0.0.1]:{} {}", server.port, other.trim());
    let patch = json!({"metadata": {"annotations": {annotation: wrong}}});
    let words = "patch gitrepository code --type=merge --patch-file=/dev/stdin";
    namespace.kubectl(words, &patch).unwrap();
    namespace
        .kubectl("annotate function demo serverless.kyma-project.io/gitPollInterval=5s", NOTHING)
        .unwrap();
    let refused =
        "False SourceUpdateFailed Sources update failed: 127.0.0.1 shows another host key than is known";
    namespace.await_condition("demo", CONFIGURED, refused);
    assert!(namespace.condition("demo", "Running").starts_with("True"), "what runs goes on");
    // The message names this remedy: remove the annotation.
    namespace.kubectl(&format!("annotate gitrepository code {annotation}-"), NOTHING).unwrap();
    namespace.await_condition("demo", CONFIGURED, "True SourceUpdated");
    namespace.wait("the key is recorded again", || recorded() == server.known_hosts.as_str());
}

#[test]
fn a_remote_that_hangs_holds_nobody_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-hangs");
    namespace.add_repository(&format!("http://{}/r.git", listener.local_addr().unwrap()), "");
    for index in 0..20 {
        namespace.apply_git(&format!("hangs{index}"), "main");
    }
    namespace.apply("demo", &json!({}));
    namespace.await_condition("demo", "Running", "True");
    let expected = "False SourceUpdateFailed Sources update failed: no answer within 3 s";
    namespace.await_condition("hangs7", CONFIGURED, expected);
}
