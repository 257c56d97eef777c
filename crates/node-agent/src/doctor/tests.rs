//! Examines copies of the files of nodes.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);
const CONFIG: &str = "version = 3
[plugins.\"io.containerd.cri.v1.images\".registry]
config_path = \"/etc/containerd/certs.d\"
";
const HOSTS: &str = "[host.\"https://quay.io\".header]\nAuthorization = \"Basic c2VjcmV0\"\n";

/// Files of a node with their modes, below a folder that is `/` of the node.
fn node(files: &[(&str, &str, u32)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text, mode) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(*mode)).unwrap();
    }
    folder
}

/// The report as JSON, without the path of the folder.
fn examined(node: &TempDir, root: &str) -> serde_json::Value {
    let root = node.path().join(root);
    let question = Question { root: &root, wanted: None, version: None, asks_servers: false };
    let text = examine(&question, NOW).unwrap().to_json().replace(node.path().to_str().unwrap(), "");
    assert!(!text.contains("c2VjcmV0"), "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn findings_name_the_files_that_were_read() {
    let files = [
        ("etc/containerd/config.toml", CONFIG, 0o644),
        ("etc/containerd/certs.d/quay.io/hosts.toml", HOSTS, 0o644),
    ];
    let node = node(&files);
    let file = "/etc/containerd/certs.d/quay.io/hosts.toml";
    let expected = serde_json::json!({"containerd": "2.4.0", "findings": [{
        "file": file, "line": 1, "severity": "error",
        "problem": "holds credentials, and its mode 0644 is wider than 0600",
        "remedy": format!("chmod 600 {file}"),
    }]});
    assert_eq!(examined(&node, "etc/containerd"), expected);
    fs::set_permissions(node.path().join(&file[1..]), Permissions::from_mode(0o600)).unwrap();
    let nothing = serde_json::json!({"containerd": "2.4.0", "findings": []});
    assert_eq!(examined(&node, "etc/containerd"), nothing);
}

#[test]
fn what_the_configuration_names_elsewhere_is_read_on_a_node_and_not_of_a_copy() {
    let config = CONFIG
        .replace("version = 3", "version = 3\nimports = [\"/srv/*.toml\"]")
        .replace("/etc/containerd/certs.d", "/srv/hosts");
    let node =
        node(&[("etc/containerd/config.toml", &config, 0o644), ("srv/hosts/quay.io/hosts.toml", "", 0o600)]);
    fs::create_dir(node.path().join("etc/containerd/other")).unwrap();
    let problem = "is empty: containerd ignores the file and asks quay.io itself";
    assert_eq!(examined(&node, "etc/containerd")["findings"][0]["problem"], problem);
    fs::rename(node.path().join("etc/containerd"), node.path().join("copy")).unwrap();
    assert_eq!(examined(&node, "copy")["findings"], serde_json::json!([]));
}

#[test]
fn files_that_are_none_are_not_opened() {
    let node = node(&[("copy/config.toml", CONFIG, 0o644), ("copy/certs.d/quay.io/large", "", 0o644)]);
    let folder = node.path().join("copy/certs.d/quay.io");
    // A folder that leads back to itself.
    symlink(&folder, folder.join("loop")).unwrap();
    let hosts = fs::File::create(folder.join("hosts.toml")).unwrap();
    hosts.set_len((1 << 20) + 1).unwrap();
    let problem = "cannot be read: it is larger than 1048576 bytes";
    assert_eq!(examined(&node, "copy")["findings"][0]["problem"], problem);
    fs::remove_file(folder.join("hosts.toml")).unwrap();
    symlink("/dev/zero", folder.join("hosts.toml")).unwrap();
    assert_eq!(examined(&node, "copy")["findings"][0]["problem"], "cannot be read: it is no file");
}

#[test]
fn a_file_of_the_agent_that_is_no_utf_8_is_found_with_its_mode() {
    let node = node(&[("copy/config.toml", CONFIG, 0o644), ("copy/certs.d/quay.io/hosts.toml", "", 0o640)]);
    let path = node.path().join("copy/certs.d/quay.io/hosts.toml");
    fs::write(path, b"# Managed by serverless-node-agent. Changes are overwritten.\n\xff").unwrap();
    let report = examined(&node, "copy");
    let problems: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["problem"].clone()).collect();
    assert_eq!(problems, ["holds credentials, and its mode 0640 is wider than 0600", "is no UTF-8"]);
}

#[test]
fn the_files_together_are_bounded() {
    let node = node(&[("copy/config.toml", CONFIG, 0o644)]);
    let root = node.path().join("copy");
    for number in 0..65 {
        fs::File::create(root.join(number.to_string())).unwrap().set_len(1 << 20).unwrap();
    }
    let question = Question { root: &root, wanted: None, version: None, asks_servers: false };
    let expected = format!(
        "{} holds more than 64 MiB, and a node some kilobytes: give the folder of containerd to --root",
        root.display()
    );
    assert_eq!(examine(&question, NOW).unwrap_err().to_string(), expected);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let root = Path::new("/nowhere/etc/containerd");
    let question = Question { root, wanted: None, version: None, asks_servers: false };
    let expected = "/nowhere/etc/containerd cannot be read: No such file or directory (os error 2)";
    assert_eq!(examine(&question, NOW).unwrap_err().to_string(), expected);
}
