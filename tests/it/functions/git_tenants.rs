//! Attacks of Function authors with Git repositories, on a real control plane: to crash the controller, to hold up
//! others, and to have Secrets sent that they may not read.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use russh::keys::Algorithm;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::harness::cluster::{NOTHING, function, repository};
use crate::harness::controller::CLUSTER;
use crate::harness::git::{new_key, text};
use crate::harness::git_servers::{ACCOUNT, Http, Repository, Ssh};
use crate::harness::namespace::Namespace;

/// Runs the servers.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

const CONFIGURED: &str = "ConfigurationReady";
const INTERVAL: &str = "serverless.kyma-project.io/gitPollInterval";

fn git_function(name: &str, source: &str, reference: &str) -> Value {
    let spec = json!({
        "type": "git", "source": source, "baseDir": "fn", "reference": reference,
        "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1,
    });
    function(name, &spec)
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// Two Functions use one repository, and the second one requests an interval that no clock can represent.
#[test]
fn an_interval_that_is_too_long_ends_nothing() {
    let code = Repository::new();
    let server = RUNTIME.block_on(Http::start(&code, false));
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-interval");
    namespace.add_repository(&server.url, "");
    namespace.kubectl("apply -f -", &git_function("first", "code", "main")).unwrap();
    namespace.await_condition("first", CONFIGURED, "True SourceUpdated");
    let intervals = [
        "9223372036854775807s",
        "2562047788015215h30m7s",
        "-9223372036854775807s",
        "106751991167300d",
        "1ns",
    ];
    for (index, interval) in intervals.iter().enumerate() {
        let name = format!("second{index}");
        let mut second = git_function(&name, "code", "v1");
        second["metadata"]["annotations"] = json!({INTERVAL: interval});
        namespace.kubectl("apply -f -", &second).unwrap();
        namespace.await_condition(&name, CONFIGURED, "True SourceUpdated");
        namespace.kubectl(&format!("delete function {name}"), NOTHING).unwrap();
    }
    // The controller is alive, and the first Function is polled.
    namespace.kubectl(&format!("annotate function first {INTERVAL}=5s"), NOTHING).unwrap();
    let second = code.commit("fn/handler.js", "module.exports = { main: () => 2 }");
    let commit = || namespace.get("function first")["status"]["commit"].clone();
    namespace.wait("the branch is followed", || commit() == second);
}

/// A server that records what it receives, and never answers.
fn listener() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heard);
    RUNTIME.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4000];
            let length = stream.read(&mut request).await.unwrap_or_default();
            noted.lock().unwrap().extend_from_slice(&request[..length]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (address, heard)
}

/// User `dev` may write Functions and GitRepositories, and read no Secret.
#[test]
fn who_may_not_read_a_secret_cannot_have_it_sent() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-dev");
    let as_dev = |words: &str, manifest: &Value| namespace.kubectl(&format!("{words} --as=dev"), manifest);
    let role = "create role dev --verb=get,list,create,update,patch,delete --resource=functions.serverless.kyma-project.io,gitrepositories.serverless.kyma-project.io";
    namespace.kubectl(role, NOTHING).unwrap();
    namespace.kubectl("create rolebinding dev --role=dev --user=dev", NOTHING).unwrap();
    // With the default name of the installation, the API server itself refuses the GitRepository.
    let default = "team-registry";
    namespace.add_secret(default, &json!({"username": "push", "password": "pushpw"}));
    let mark = "annotate secret team-registry serverless.kyma-project.io/copied-from=kyma-system";
    namespace.kubectl(mark, NOTHING).unwrap();
    assert!(!as_dev(&format!("get secret {default}"), NOTHING).ok);

    let (address, heard) = listener();
    let spec = json!({
        "url": format!("http://{address}/x.git"), "auth": {"type": "basic", "secretName": default},
    });
    as_dev("apply -f -", &repository("code", &spec)).unwrap();
    as_dev("apply -f -", &git_function("branch", "code", "main")).unwrap();
    // A commit needs no look-up, so the build alone could send the Secret.
    as_dev("apply -f -", &git_function("commit", "code", &"a".repeat(40))).unwrap();
    let refused = format!(
        "False GitCredentialsInvalid Sources update failed: Secret {default} is not for Git: its credentials are those of a registry or of the installation; name a Secret in spec.auth.secretName of the GitRepository that was made for this repository"
    );
    for name in ["branch", "commit"] {
        namespace.await_condition(name, CONFIGURED, &refused);
    }

    // An earlier fetch does not help, either: the repository moves, the Secret changes, the commit stays.
    let code = Repository::new();
    let server = RUNTIME.block_on(Http::start(&code, true));
    namespace.add_secret("git-credentials", &json!({"username": ACCOUNT.0, "password": ACCOUNT.1}));
    let honest = json!({"url": server.url, "auth": {"type": "basic", "secretName": "git-credentials"}});
    as_dev("apply -f -", &repository("honest", &honest)).unwrap();
    as_dev("apply -f -", &git_function("moved", "honest", &code.id("main"))).unwrap();
    namespace.await_condition("moved", "Running", "True");
    let jobs = || namespace.list("jobs").len();
    let before = jobs();
    as_dev("apply -f -", &repository("honest", &spec)).unwrap();
    namespace.await_condition("moved", CONFIGURED, &refused);
    namespace.await_condition(
        "moved",
        "BuildReady",
        "Unknown BuildQueued Waiting until the GitRepository and its Secret are usable",
    );
    assert!(jobs() <= before, "no build has the Secret");
    let mounted = namespace
        .list("jobs")
        .iter()
        .filter(|job| job.to_string().contains(&format!("\"name\":\"{default}\",\"key\":\"password\"")))
        .count();
    assert_eq!(mounted, 0);
    assert_eq!(String::from_utf8_lossy(&heard.lock().unwrap()), "", "nothing was sent");

    // A Secret of one's own is sent, with the advice to label it.
    let events = namespace.list("events --field-selector involvedObject.kind=GitRepository");
    let advice: Vec<_> = events
        .iter()
        .map(|event| format!("{} {} {}", event["type"], event["reason"], event["message"]))
        .collect();
    assert_eq!(
        advice,
        [
            "\"Warning\" \"GitCredentialsUnlabelled\" \"Secret git-credentials is sent to the Git server without the label serverless.kyma-project.io/git-credentials=true: add the label, since the controller requires it once git.requireCredentialsLabel is set\""
        ]
    );
}

/// Many remotes accept connections and never answer.
#[test]
fn remotes_of_one_namespace_that_are_silent_hold_up_no_other() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let greedy = Namespace::new(&CLUSTER.control_plane, "git-greedy");
    let objects: Vec<_> = (0..64)
        .flat_map(|index| {
            let name = format!("r{index}");
            let url = format!("http://{}/{name}.git", silent.local_addr().unwrap());
            [repository(&name, &json!({"url": url})), git_function(&name, &name, "main")]
        })
        .collect();
    greedy.kubectl("apply -f -", &list(&objects)).unwrap();

    let code = Repository::new();
    let server = RUNTIME.block_on(Http::start(&code, false));
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-modest");
    namespace.add_repository(&server.url, "");
    // In a single line, the remotes of the other namespace would take 12 s.
    let started = Instant::now();
    namespace.kubectl("apply -f -", &git_function("demo", "code", "main")).unwrap();
    namespace.await_condition("demo", CONFIGURED, "True SourceUpdated");
    assert!(started.elapsed() < Duration::from_secs(6), "it took {:?}", started.elapsed());
    greedy.kubectl("delete functions --all", NOTHING).unwrap();
}

/// With a finalizer, a GitRepository stays, and can be changed without the webhook.
#[test]
fn a_repository_that_is_being_deleted_is_not_asked() {
    let (address, heard) = listener();
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-deleted");
    let mut code = repository("code", &json!({"url": "https://example.invalid/r.git"}));
    code["metadata"]["finalizers"] = json!(["example.com/keep"]);
    namespace.kubectl("apply -f -", &code).unwrap();
    namespace.kubectl("delete gitrepository code --wait=false", NOTHING).unwrap();
    let patch = json!({"spec": {"url": format!("http://{address}/r.git")}});
    namespace.kubectl("patch gitrepository code --type=merge --patch-file=/dev/stdin", &patch).unwrap();
    namespace.kubectl("apply -f -", &git_function("demo", "code", "main")).unwrap();
    let expected = "False GitRepositoryMissing GitRepository code is being deleted: recreate it, or name another one in spec.source";
    namespace.await_condition("demo", CONFIGURED, expected);
    assert_eq!(heard.lock().unwrap().len(), 0, "nobody is asked");
    let patch = json!({"metadata": {"finalizers": null}});
    namespace.kubectl("patch gitrepository code --type=merge --patch-file=/dev/stdin", &patch).unwrap();
}

/// The controller also checks what the API server stored without the webhook.
#[test]
fn a_repository_that_the_webhook_would_refuse_is_not_asked() {
    let (address, heard) = listener();
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-strict");
    for (name, url, expected) in [
        (
            "suffix",
            format!("http://{address}/any/path"),
            "spec.url of the GitRepository must end with .git, unless the installation sets gitUrls: lenient",
        ),
        ("metadata", "http://169.254.169.254/x.git".to_owned(), "the controller never asks this address"),
    ] {
        namespace.kubectl("apply -f -", &repository(name, &json!({"url": url}))).unwrap();
        // Nobody is asked for a commit; but it is not built either.
        let reference = if name == "metadata" { "main".to_owned() } else { "a".repeat(40) };
        namespace.kubectl("apply -f -", &git_function(name, name, &reference)).unwrap();
        let expected = format!("False SourceUpdateFailed Sources update failed: {expected}");
        namespace.await_condition(name, CONFIGURED, &expected);
    }
    let mut code = repository("keys", &json!({"url": format!("http://{address}/x.git")}));
    code["metadata"]["annotations"] = json!({"serverless.kyma-project.io/host-keys": "x".repeat(65_537)});
    namespace.kubectl("create -f -", &code).unwrap();
    namespace.kubectl("apply -f -", &git_function("keys", "keys", "main")).unwrap();
    let expected = "False SourceUpdateFailed Sources update failed: annotation serverless.kyma-project.io/host-keys of the GitRepository is longer than 65536 bytes: take lines out of it";
    namespace.await_condition("keys", CONFIGURED, expected);
    assert_eq!(heard.lock().unwrap().len(), 0, "nobody is asked");
    assert_eq!(namespace.list("jobs").len(), 0, "nothing is built");
}

/// Otherwise each build would trust any server.
#[test]
fn the_host_key_is_recorded_for_a_commit_as_well() {
    let code = Repository::new();
    let mine = new_key(Algorithm::Ed25519);
    let server = RUNTIME.block_on(Ssh::start(&code, new_key(Algorithm::Ed25519), mine.public_key(), 0));
    let namespace = Namespace::new(&CLUSTER.control_plane, "git-commit-key");
    namespace.add_secret("git-credentials", &json!({"key": text(&mine).as_str()}));
    namespace.add_repository(&server.url, "key");
    namespace.kubectl("apply -f -", &git_function("demo", "code", &code.id("main"))).unwrap();
    namespace.await_condition("demo", "Running", "True");
    let recorded = &namespace.get("gitrepository code")["metadata"]["annotations"]["serverless.kyma-project.io/host-keys"];
    assert_eq!(*recorded, server.known_hosts.as_str());
    // The first build knows the key already.
    let jobs = namespace.list("jobs");
    let fetch = &jobs[0]["spec"]["template"]["spec"]["initContainers"][0];
    let variables = fetch["env"].as_array().unwrap();
    let known = variables.iter().find(|variable| variable["name"] == "APP_HOST_KEYS").unwrap();
    assert_eq!(known["value"], server.known_hosts.as_str());
}
