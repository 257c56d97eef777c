//! Images that `xtask layout` writes, and the tools of others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::layout::layout;
use crate::harness::registry::{Auth, Registry, crane};

/// The names of the blobs, which are their digests.
fn blobs(layout: &Path) -> BTreeSet<String> {
    let blobs = fs::read_dir(layout.join("blobs/sha256")).unwrap();
    blobs.map(|blob| blob.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_layout_is_pushed_validated_and_pulled_back_unchanged() {
    let registry = Registry::start(Auth::Basic, "password");
    let docker_config = registry.docker_config("password");
    let ask = |arguments: &[&str]| crane(&docker_config, arguments).unwrap().trim().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for layer in ["base", "app"] {
        fs::create_dir_all(folder.path().join(layer).join("bin")).unwrap();
        fs::write(folder.path().join(layer).join("bin").join(layer), layer).unwrap();
    }
    for (tag, more) in [("gzip", [].as_slice()), ("uncompressed", &["--uncompressed"])] {
        let image = format!("{}/images/tiny:{tag}", registry.address());
        let (output, base, app) = (path(tag), path("base"), path("app"));
        let common =
            ["--name", &image, "--output", &output, "--layer", &base, "--layer", &app, "--cmd=/bin/app"];
        let digest = layout(&[&common, more].concat());

        let pushed = ask(&["push", &output, &image]);
        assert_eq!(pushed.rsplit_once('@').unwrap().1, digest);
        assert_eq!(ask(&["digest", &image]), digest);
        // It takes every layer for a compressed one.
        if more.is_empty() {
            assert_eq!(ask(&["validate", "--remote", &image]), format!("PASS: {image}"));
        }
        let back = path(&format!("{tag}-back"));
        ask(&["pull", "--format=oci", &image, &back]);
        assert_eq!(blobs(Path::new(&back)), blobs(Path::new(&output)));
        let files = path(&format!("{tag}.tar"));
        ask(&["export", &image, &files]);
        let names = Command::new("tar").args(["-tf", &files]).output().unwrap().stdout;
        let mut names: Vec<_> = std::str::from_utf8(&names).unwrap().lines().collect();
        names.sort_unstable();
        assert_eq!(names, ["bin", "bin/app", "bin/base"]);
    }
}
