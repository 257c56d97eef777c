//! The bytes of layouts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Args, write};

/// The flags, read as the program reads them.
#[derive(Debug, Parser)]
struct Flags {
    #[command(flatten)]
    args: Args,
}

fn flags(output: &Path, layer: &Path, more: &[&str]) -> Result<Args, clap::Error> {
    let paths = [output, layer].map(|path| path.display().to_string());
    let common = ["xtask", "--name=localhost/tiny:1", "--output", &paths[0], "--layer", &paths[1]];
    Ok(Flags::try_parse_from(common.iter().chain(more))?.args)
}

fn layout(layer: &Path, more: &[&str]) -> (TempDir, String) {
    let output = tempfile::tempdir().unwrap();
    let digest = write(&flags(output.path(), layer, more).unwrap()).unwrap();
    (output, digest)
}

/// A folder with everything that a layer can hold, made in one of two orders.
fn tiny(backwards: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let long = format!("{}/{}", "d".repeat(80), "f".repeat(80));
    let mut files = ["bin/run", "a", "bin.d", &long];
    if backwards {
        files.reverse();
    }
    for name in files {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), name).unwrap();
        fs::set_permissions(path(name), fs::Permissions::from_mode(0o640)).unwrap();
    }
    fs::set_permissions(path("bin/run"), fs::Permissions::from_mode(0o4755)).unwrap();
    for name in ["bin", &"d".repeat(80)] {
        fs::set_permissions(path(name), fs::Permissions::from_mode(0o1777)).unwrap();
    }
    fs::hard_link(path("bin/run"), path("zero")).unwrap();
    symlink("../missing", path("bin/link")).unwrap();
    folder
}

/// The files of a layout, by their path.
fn files(layout: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walkdir::WalkDir::new(layout).into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            (
                entry.path().strip_prefix(layout).unwrap().display().to_string(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

fn document(layout: &Path, digest: &str) -> Value {
    let path = layout.join("blobs").join(digest.replace(':', "/"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Each entry of the only layer of an uncompressed layout: type, mode, owner, time, path, link and text.
fn entries(layout: &Path, image: &str) -> Vec<String> {
    let manifest = document(layout, image);
    let layer = manifest["layers"][0]["digest"].as_str().unwrap().replace(':', "/");
    let mut archive = tar::Archive::new(File::open(layout.join("blobs").join(layer)).unwrap());
    let describe = |entry: std::io::Result<tar::Entry<File>>| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        let header = entry.header();
        let (kind, mode) = (header.entry_type().as_byte() as char, header.mode().unwrap());
        let owner = (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap());
        let link = entry.link_name().unwrap().unwrap_or_default().display().to_string();
        format!("{kind} {mode:o} {owner:?} {} {link}={text}", entry.path().unwrap().display())
    };
    archive.entries().unwrap().map(describe).collect()
}

#[test]
fn a_layer_keeps_modes_and_links_and_sorts_its_entries() {
    let folder = tiny(false);
    let (output, image) = layout(folder.path(), &["--uncompressed"]);
    let (d, f) = ("d".repeat(80), "f".repeat(80));
    let expected = [
        "0 640 (0, 0, 0) a =a".to_owned(),
        "5 1777 (0, 0, 0) bin =".to_owned(),
        "2 777 (0, 0, 0) bin/link ../missing=".to_owned(),
        "0 4755 (0, 0, 0) bin/run =bin/run".to_owned(),
        "0 640 (0, 0, 0) bin.d =bin.d".to_owned(),
        format!("5 1777 (0, 0, 0) {d} ="),
        format!("0 640 (0, 0, 0) {d}/{f} ={d}/{f}"),
        "1 4755 (0, 0, 0) zero bin/run=".to_owned(),
    ];
    assert_eq!(entries(output.path(), &image), expected);
}

#[test]
fn the_same_content_makes_the_same_bytes_whatever_its_order_time_and_folder() {
    let (first, second) = (tiny(false), tiny(true));
    let (one, digest) = layout(first.path(), &["--label=b=2", "--label=a=1"]);
    let (two, other) = layout(second.path(), &["--label=a=1", "--label=b=2"]);
    assert_eq!(digest, other);
    assert_eq!(files(one.path()), files(two.path()));
    // A change of the compression or of the archive's form is seen here: it changes the digest of every image.
    assert_eq!(digest, "sha256:9ef046124368c02cb7dd389db964c7c25b457461a6ced1aed81b3bfb2bc2e380");
    assert_eq!(
        layout(first.path(), &["--uncompressed"]).1,
        "sha256:f0a2707a44df2c5ece1c67bf0973669583633aab5fbbc45b8d519eab0cd460a1"
    );
}

#[test]
fn documents_hold_what_the_flags_say() {
    let folder = tiny(false);
    let (output, image) = layout(
        folder.path(),
        &[
            "--env=PATH=/bin",
            "--env=EMPTY=",
            "--user=65532:65532",
            "--workdir=/bin",
            "--entrypoint=/bin/run",
            "--entrypoint",
            "-v",
            "--cmd=serve",
            "--expose=8080",
            "--label=org.example.a=b=c",
            "--arch=arm64",
            "--source-date-epoch=86400",
        ],
    );
    let index: Value = serde_json::from_slice(&fs::read(output.path().join("index.json")).unwrap()).unwrap();
    let size = fs::metadata(output.path().join("blobs").join(image.replace(':', "/"))).unwrap().len();
    assert_eq!(
        index,
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": image,
                "size": size,
                "platform": {"architecture": "arm64", "os": "linux"},
                "annotations": {"org.opencontainers.image.ref.name": "localhost/tiny:1"},
            }],
        })
    );
    let manifest = document(output.path(), &image);
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    let mut configuration = document(output.path(), manifest["config"]["digest"].as_str().unwrap());
    let diff_ids = configuration["rootfs"]["diff_ids"].take();
    assert_eq!(diff_ids.as_array().unwrap().len(), 1);
    assert_eq!(
        configuration,
        json!({
            "created": "1970-01-02T00:00:00Z",
            "architecture": "arm64",
            "os": "linux",
            "config": {
                "User": "65532:65532",
                "ExposedPorts": {"8080/tcp": {}},
                "Env": ["PATH=/bin", "EMPTY="],
                "Entrypoint": ["/bin/run", "-v"],
                "Cmd": ["serve"],
                "WorkingDir": "/bin",
                "Labels": {"org.example.a": "b=c"},
            },
            "rootfs": {"type": "layers", "diff_ids": null},
        })
    );
}

#[test]
fn a_layout_replaces_an_earlier_one_and_nothing_else() {
    let folder = tiny(false);
    let (output, digest) = layout(folder.path(), &[]);
    let before = files(output.path());
    fs::write(folder.path().join("a"), "changed").unwrap();
    let args = flags(output.path(), folder.path(), &[]).unwrap();
    assert_ne!(write(&args).unwrap(), digest);
    fs::write(folder.path().join("a"), "a").unwrap();
    assert_eq!(write(&args).unwrap(), digest);
    assert_eq!(files(output.path()), before);

    let args = flags(folder.path(), folder.path(), &[]).unwrap();
    let refused = format!(
        "--output {}: the folder is not empty and is no OCI layout: name another, or delete its files",
        folder.path().display()
    );
    assert_eq!(format!("{:#}", write(&args).unwrap_err()), refused);
}

#[test]
fn errors_name_the_flag_and_the_remedy() {
    let (folder, output) = (tiny(false), tempfile::tempdir().unwrap());
    let error =
        |layer: &Path| format!("{:#}", write(&flags(output.path(), layer, &[]).unwrap()).unwrap_err());
    let missing = folder.path().join("missing");
    assert_eq!(
        error(&missing),
        format!(
            "--layer {}: name a folder that exists: No such file or directory (os error 2)",
            missing.display()
        )
    );
    let file = folder.path().join("a");
    assert_eq!(
        error(&file),
        format!("--layer {}: this is a file: name the folder that holds it", file.display())
    );
    let _socket = UnixListener::bind(folder.path().join("bin/socket")).unwrap();
    assert_eq!(
        error(folder.path()),
        format!(
            "--layer {}: bin/socket: a layer holds files, folders and links only: delete it",
            folder.path().display()
        )
    );
    for wrong in ["--env=NAME", "--env==value", "--label=key"] {
        let error = flags(output.path(), folder.path(), &[wrong]).unwrap_err().to_string();
        let (flag, value) = wrong.split_once('=').unwrap();
        assert!(error.starts_with(&format!("error: invalid value '{value}' for '{flag} <")), "{error}");
        assert!(error.contains(">': write a name, =, and a value, which may be empty"), "{error}");
    }
}
