//! The file with logins, beside what others have.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use decide::nodes::credentials_file::{CredentialsFile, Login};
use rstest::rstest;

use super::*;

fn text(password: &str) -> HiddenText {
    let login = Login { username: "me".to_owned(), password: HiddenText::new(password) };
    let registries = [("docker.io".to_owned(), login)].into();
    CredentialsFile { registries, ..CredentialsFile::default() }.managed().to_text()
}

#[test]
fn the_file_is_written_if_it_differs_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins.json");
    // An interrupted write.
    fs::write(folder.path().join("logins.json.serverless-node-agent-new"), "{").unwrap();
    assert!(write(&path, &text("a")).unwrap());
    assert!(!write(&path, &text("a")).unwrap());
    assert!(write(&path, &text("b")).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), text("b").reveal());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(remove(&path).unwrap());
    assert!(!remove(&path).unwrap());
}

#[test]
fn the_folder_of_containerd_may_hold_it() {
    let named =
        ["registry-credentials.json", "registry-credentials.json.serverless-node-agent-new"].map(is_name);
    assert_eq!(named, [true; 2]);
    let others = [
        "registry-credentials.json.new",
        "registry-credentials.jsonserverless-node-agent-new",
        "registry-credentials",
        "",
    ]
    .map(is_name);
    assert_eq!(others, [false; 4]);
}

/// There is no limit to it.
#[test]
fn a_large_file_is_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins.json");
    let large = text(&"a".repeat(2 << 20));
    assert!(write(&path, &large).unwrap());
    assert!(!write(&path, &large).unwrap());
    assert!(remove(&path).unwrap());
}

/// One that `render` writes has no owner.
#[rstest]
#[case::other("{\"auths\": {}}")]
#[case::rendered("{\"registries\": {}}")]
#[case::of_another("{\"managedBy\": \"somebody\", \"registries\": {}}")]
fn a_file_of_somebody_else_stays(#[case] theirs: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins.json");
    fs::write(&path, theirs).unwrap();
    let error = write(&path, &text("a")).unwrap_err();
    let expected = format!("{} is not ours: remove it, or choose another file", path.display());
    assert_eq!(error.to_string(), expected);
    assert!(!remove(&path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
}

#[test]
fn a_file_that_others_can_read_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins.json");
    write(&path, &text("a")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(write(&path, &text("a")).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
