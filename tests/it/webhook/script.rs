//! `make run`, by its script.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Runs the script with a folder for temporary files.
fn script(folder: &std::path::Path, listen: &str, admin: &str) -> Command {
    let mut command = Command::new(testenv::root().join("scripts/with-server.sh"));
    command.args([env!("CARGO_BIN_EXE_serverless-webhook"), "wait"]);
    command.envs([("LISTEN", listen), ("ADMIN_LISTEN", admin)]).env("TMPDIR", folder);
    command
}

fn left(folder: &tempfile::TempDir) -> usize {
    fs::read_dir(folder.path()).unwrap().count()
}

#[test]
fn a_port_that_is_taken_is_named_with_the_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    for (listen, admin, flag) in [(taken.as_str(), free, "listen"), (free, taken.as_str(), "admin-listen")] {
        let folder = tempfile::tempdir().unwrap();
        let output = script(folder.path(), listen, admin).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("--{flag} {taken}: Address already in use")), "{error}");
        let remedy = "choose others: make run LISTEN=127.0.0.1:9443 ADMIN_LISTEN=127.0.0.1:9091; port 0 is any that is free\n";
        assert!(error.ends_with(remedy), "{error}");
        assert_eq!(left(&folder), 0);
    }
}

#[test]
fn it_serves_where_it_is_told_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        script(folder.path(), "127.0.0.1:0", "127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (serving, try_this) = (lines.next().unwrap().unwrap(), lines.next().unwrap().unwrap());
    assert!(serving.starts_with("serving on https://127.0.0.1:"), "{serving}");
    assert!(serving.contains(", metrics on http://127.0.0.1:"), "{serving}");
    assert_eq!(left(&folder), 1);
    // In the form in which a person pastes it.
    let words = try_this.strip_prefix("try: ").unwrap();
    let tried = Command::new("sh").args(["-c", words]).current_dir(testenv::root()).output().unwrap();
    assert_eq!(tried.status.code(), Some(1), "{}", String::from_utf8_lossy(&tried.stdout));
    Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(left(&folder), 0);
}
