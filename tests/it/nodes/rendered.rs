//! Each fixture of nodes becomes the recorded files in the format of each runtime, with the recorded warnings.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::harness::cli::{shown, webhook};

/// The variable by which files are recorded instead: `make record`.
const RECORD: &str = "RECORD_NODES";

/// The names of the inputs, of which each fixture has one.
const INPUTS: [&str; 4] = ["values.yaml", "registries.yaml", "config.toml", "certs.d"];

/// What is rendered, each into the folder of the fixture with this name.
const TARGETS: [(&str, &[&str]); 9] = [
    ("hosts", &[]),
    ("hosts-of-1.7", &["--to", "hosts", "--containerd", "1.7"]),
    ("containerd-config", &["--to", "containerd-config"]),
    ("k3s", &["--to", "k3s"]),
    ("crio", &["--to", "crio"]),
    ("talos", &["--to", "talos"]),
    ("kubeadm", &["--to", "kubeadm", "--secret", "node-registries"]),
    ("credential-provider", &["--to", "credential-provider"]),
    ("values", &["--to", "values"]),
];

/// Where warnings are recorded.
const WARNINGS: &str = "warnings.txt";

#[test]
fn every_fixture_becomes_the_recorded_files() {
    let mut count = 0;
    for case in fs::read_dir(root().join("fixtures/nodes")).unwrap() {
        let case = Path::new("fixtures/nodes").join(case.unwrap().file_name());
        let inputs: Vec<_> =
            INPUTS.iter().map(|name| case.join(name)).filter(|path| root().join(path).exists()).collect();
        let [input] = inputs.as_slice() else { panic!("{} has the inputs {inputs:?}", case.display()) };
        for (target, flags) in TARGETS {
            let found = render(input, flags);
            let recorded = root().join(&case).join(target);
            if std::env::var_os(RECORD).is_some() {
                record(&found, &recorded);
            }
            assert_eq!(found, files(&recorded), "{}", recorded.display());
            count += 1;
        }
    }
    assert!(count >= 6 * TARGETS.len(), "only {count}");
}

/// The files that are written, by their paths, and the warnings.
fn render(input: &Path, flags: &[&str]) -> BTreeMap<String, String> {
    let folder = TempDir::new().unwrap();
    let output =
        webhook().arg("render").arg(input).args(flags).arg("--out").arg(folder.path()).output().unwrap();
    let (code, _, warnings) = shown(&output);
    assert_eq!(code, 0, "{}: {warnings}", input.display());
    let mut files = files(folder.path());
    if !warnings.is_empty() {
        files.insert(WARNINGS.to_owned(), warnings);
    }
    files
}

fn record(files: &BTreeMap<String, String>, folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn files(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                files.insert(path.strip_prefix(root).unwrap().display().to_string(), text);
            }
        }
    }
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
