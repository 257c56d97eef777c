//! Real npm and pip install from the mirror of the tests exactly what the lock files say, and nothing that it lacks.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use rstest::rstest;
use serde_json::Value;
use testenv::root;

use crate::harness::packages::{MIRROR, variables};

/// A client of a package registry that knows the mirror alone.
fn client(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    let program = root().join("target/interpreters/current").join(program);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
    command.envs(variables(&MIRROR)).output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The packages of a lock file with their versions.
fn locked(file: &Path) -> BTreeMap<String, String> {
    let lock: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let packages = lock["packages"].as_object().unwrap().iter().filter(|(place, _)| !place.is_empty());
    packages.map(|(place, entry)| (place.clone(), entry["version"].as_str().unwrap().to_owned())).collect()
}

#[rstest]
#[case::runtime("runtimes/nodejs", 60)]
#[case::function("tests/packages", 1)]
fn npm_installs_what_the_lock_file_says(#[case] source: &str, #[case] at_least: usize) {
    let folder = tempfile::tempdir().unwrap();
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(root().join(source).join(file), folder.path().join(file)).unwrap();
    }
    succeeds(&client("node22/bin/npm", folder.path(), &["ci", "--no-audit", "--no-fund"]));
    // npm writes here what it has installed.
    let installed = locked(&folder.path().join("node_modules/.package-lock.json"));
    let expected = locked(&folder.path().join("package-lock.json"));
    assert!(expected.len() >= at_least, "{expected:?}");
    assert_eq!(installed, expected);
}

#[rstest]
#[case::runtime("runtimes/python")]
#[case::function("tests/packages")]
fn pip_installs_exactly_what_is_required(#[case] source: &str) {
    let folder = tempfile::tempdir().unwrap();
    let requirements = root().join(source).join("requirements.txt");
    let pip = |arguments: &[&str]| {
        let output = client("python3.13/bin/pip", folder.path(), arguments);
        succeeds(&output);
        output.stdout
    };
    pip(&["install", "--no-cache-dir", "--target", "packages", "-r", requirements.to_str().unwrap()]);
    let installed = pip(&["list", "--path", "packages", "--format", "freeze"]);
    let text = std::fs::read_to_string(requirements).unwrap();
    let expected = text.lines().filter(|line| !line.starts_with('#'));
    let mut expected: Vec<_> = expected.map(|line| line.split(' ').next().unwrap()).collect();
    expected.sort_unstable();
    // A package may spell its name in another way than those who ask for it.
    let installed = String::from_utf8(installed).unwrap().replace('_', "-");
    assert_eq!(installed.lines().collect::<Vec<_>>(), expected);
}

#[rstest]
#[case::npm_package(
    "node22/bin/npm",
    "no-such-package",
    "404 Not Found - GET http://MIRROR/npm/no-such-package"
)]
#[case::npm_version("node22/bin/npm", "ms@9.9.9", "code ETARGET")]
#[case::pip_package(
    "python3.13/bin/pip",
    "no-such-package",
    "Could not find a version that satisfies the requirement no-such-package (from versions: none)"
)]
#[case::pip_version(
    "python3.13/bin/pip",
    "toolz==9.9.9",
    "Could not find a version that satisfies the requirement toolz==9.9.9 (from versions: 1.0.0)"
)]
fn what_the_mirror_lacks_ends_the_client(#[case] program: &str, #[case] package: &str, #[case] error: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = client(program, folder.path(), &["install", package]);
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&error.replace("MIRROR", &MIRROR)), "{text}");
}
