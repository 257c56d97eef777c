//! The container that fetches sources, taken from a plan: a real shell runs its script with real git and ssh, against
//! real servers.

use std::path::Path;
use std::process::Output;

use rstest::rstest;
use russh::keys::Algorithm;
use russh::keys::ssh_key::rand_core::UnwrapErr;

use crate::harness::fetcher::{Pod, basic, complains, fetch};
use crate::harness::git::{new_key, text};
use crate::harness::git_servers::{ACCOUNT, Daemon, Http, Repository, Ssh};

fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    files
}

#[track_caller]
fn has_fetched(output: &Output, folder: &Path, source: &str) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let repository = folder.join("repository");
    assert_eq!(files(&repository), ["fn"], "no history");
    assert_eq!(std::fs::read_to_string(repository.join("fn/handler.js")).unwrap(), source);
}

const FIRST: &str = "module.exports = { main: () => 1 }";

#[rstest]
#[case::open(false, None, Pod { base_dir: "/fn/", ..Pod::default() })]
#[case::with_an_account(true, Some("basic"), basic(ACCOUNT.1))]
#[tokio::test(flavor = "multi_thread")]
async fn over_http(#[case] needs_account: bool, #[case] auth: Option<&str>, #[case] pod: Pod) {
    let code = Repository::new();
    let first = code.id("main");
    // The branch has moved since the look-up: the recorded commit is built.
    code.commit("fn/handler.js", "module.exports = { main: () => 2 }");
    let server = Http::start(&code, needs_account).await;
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::task::block_in_place(|| fetch(&server.url, auth, &first, &pod, folder.path()));
    has_fetched(&output, folder.path(), FIRST);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_end_it() {
    let code = Repository::new();
    let server = Http::start(&code, true).await;
    let folder = tempfile::tempdir().unwrap();
    let first = code.id("main");
    let output = tokio::task::block_in_place(|| {
        fetch(&server.url, Some("basic"), &first, &basic("wrong"), folder.path())
    });
    complains(&output, "Authentication failed for");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("wrong"));
}

#[test]
fn over_the_git_protocol_where_single_commits_are_not_given_out() {
    let code = Repository::new();
    let config = code.root().join("r.git/config");
    let text = std::fs::read_to_string(&config).unwrap().replace("allowAnySHA1InWant = true", "");
    std::fs::write(&config, format!("{text}\n[protocol]\n\tversion = 0\n")).unwrap();
    let first = code.id("main");
    code.commit("fn/handler.js", "module.exports = { main: () => 2 }");
    let server = Daemon::start(&code);
    let folder = tempfile::tempdir().unwrap();
    let pod = Pod { base_dir: "fn", ..Pod::default() };
    has_fetched(&fetch(&server.url, None, &first, &pod, folder.path()), folder.path(), FIRST);
}

#[rstest]
#[case::without_passphrase(None)]
#[case::with_passphrase(Some("open sesame"))]
#[tokio::test(flavor = "multi_thread")]
async fn over_ssh(#[case] passphrase: Option<&str>) {
    let code = Repository::new();
    let mine = new_key(Algorithm::Ed25519);
    let server = Ssh::start(&code, new_key(Algorithm::Ed25519), mine.public_key(), 0).await;
    let locked = passphrase.map(|text| mine.encrypt(&mut UnwrapErr(getrandom::SysRng), text).unwrap());
    // As an editor saves it, without a newline at the end.
    let key = text(locked.as_ref().unwrap_or(&mine)).trim().to_owned();
    let mut secret = vec![("key", key), ("known_hosts", server.known_hosts.clone())];
    secret.extend(passphrase.map(|text| ("password", text.to_owned())));
    let mut pod = Pod { secret, base_dir: "fn" };
    let first = code.id("main");
    let folder = tempfile::tempdir().unwrap();
    let run = |pod: &Pod, folder: &Path| {
        tokio::task::block_in_place(|| fetch(&server.url, Some("key"), &first, pod, folder))
    };
    has_fetched(&run(&pod, folder.path()), folder.path(), FIRST);

    let other = new_key(Algorithm::Ed25519).public_key().to_openssh().unwrap();
    pod.secret[1].1 = format!("[127.0.0.1]:{} {other}", server.port);
    let folder = tempfile::tempdir().unwrap();
    complains(&run(&pod, folder.path()), "Host key verification failed");
}

#[rstest]
#[case::missing("nowhere", "has no directory \"nowhere\"")]
#[case::leading_out("out", "directory \"out\" leads out of the repository")]
#[test]
fn a_directory_that_is_none_is_told(#[case] base_dir: &'static str, #[case] expected: &str) {
    let code = Repository::new();
    std::os::unix::fs::symlink("/", code.root().join("work/out")).unwrap();
    let commit = code.commit("x", "y");
    let server = Daemon::start(&code);
    let folder = tempfile::tempdir().unwrap();
    let pod = Pod { base_dir, ..Pod::default() };
    complains(&fetch(&server.url, None, &commit, &pod, folder.path()), expected);
}
