//! The doctor and the containerd that it speaks of: where it finds nothing, pulls follow the files; where it finds two
//! folders, they pass by the mirror.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::Process;

use crate::harness::certs_d::files;
use crate::harness::command::{Printed, piped};
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::programs::program;
use crate::harness::registry::Auth;

const HOST: &str = "doctor.test";

/// A containerd of its own, with the files of the node that it runs on in a folder.
struct Containerd {
    node: TempDir,
    tools: PathBuf,
}

impl Containerd {
    fn new() -> Self {
        let new = Self { node: TempDir::new().unwrap(), tools: testenv::built("node").unwrap() };
        for folder in ["etc/containerd", "usr/bin", "certs.d"] {
            fs::create_dir_all(new.path(folder)).unwrap();
        }
        symlink(new.tools.join("containerd"), new.path("usr/bin/containerd")).unwrap();
        // Other tests look for the only process of the name.
        symlink(new.tools.join("containerd"), new.path("containerd-of-doctor")).unwrap();
        // A path of this machine is the same path on the node, which the folder is the root of.
        let node = new.node.path();
        let inner = new.path(node.strip_prefix("/").unwrap().to_str().unwrap());
        fs::create_dir_all(inner.parent().unwrap()).unwrap();
        symlink(node, inner).unwrap();
        new
    }

    fn path(&self, path: &str) -> PathBuf {
        self.node.path().join(path)
    }

    /// Writes `hosts.toml` and what is beside it.
    fn configure(&self, registry: &Value) {
        for (path, text) in &files(HOST, registry).0 {
            let path = self.path("certs.d").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text.reveal()).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// Starts it with folders after that of the files in `config_path`.
    fn start(&self, more: &str) -> Process {
        let folder = self.node.path().display();
        let config = format!(
            r#"version = 3
root = "{folder}/root"
state = "{folder}/state"

[grpc]
address = "{folder}/socket"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "overlayfs"
registry.config_path = "{folder}/certs.d{more}"

[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"

[plugins."io.containerd.nri.v1.nri"]
disable = true
"#
        );
        let file = self.path("etc/containerd/config.toml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new(self.path("containerd-of-doctor"));
        command.arg("--config").arg(file);
        let mut containerd = Process::start(&command, &self.path("log")).unwrap();
        let answers = || self.crictl(&["info"]).ok;
        containerd.wait_until("listening", answers).unwrap();
        containerd
    }

    fn crictl(&self, args: &[&str]) -> Printed {
        let mut crictl = Command::new(self.tools.join("crictl"));
        crictl.args(["--runtime-endpoint", &format!("unix://{}", self.path("socket").display())]).args(args);
        piped(crictl, "")
    }

    /// What the doctor says, and its exit code.
    fn examined(&self, wanted: &Value) -> (Value, i32) {
        let values = self.path("values.yaml");
        fs::write(&values, json!({"containerRegistries": {HOST: wanted}}).to_string()).unwrap();
        let mut doctor = Command::new(program("serverless-node-agent"));
        doctor.arg("doctor").arg("--root").arg(self.path("etc/containerd"));
        // Nothing runs with this root, so the doctor does not ask the program that is installed there.
        doctor.arg("--wanted").arg(values).args(["--output", "json", "--containerd", "2.4.2"]);
        let output = doctor.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        (serde_json::from_slice(&output.stdout).unwrap(), output.status.code().unwrap())
    }
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn what_the_doctor_finds_is_what_containerd_does() {
    let mirror = Mirror::with(Auth::Basic, "app:1");
    let wanted = json!({"fallback": "None", "endpoints": [mirror.endpoint(Some(PASSWORD))]});
    let containerd = Containerd::new();
    containerd.configure(&wanted);
    let image = format!("{HOST}/app:1");

    let mut running = containerd.start("");
    let pulled = containerd.crictl(&["pull", &image]);
    assert!(pulled.ok, "{}", pulled.err);
    assert_eq!(mirror.answers()[0], "HEAD 200");
    assert_eq!(containerd.examined(&wanted), (json!({"containerd": "2.4.2", "findings": []}), 0));
    running.signal("TERM").unwrap();
    running.wait().unwrap();

    mirror.forget();
    let _running = containerd.start(":/etc/docker/certs.d");
    assert!(!containerd.crictl(&["pull", &image]).ok);
    assert_eq!(mirror.answers(), [""; 0]);
    let finding = json!({
        "file": containerd.path("etc/containerd/config.toml"), "line": 10, "severity": "error",
        "problem": "`config_path` names two folders: containerd 2.4.2 ignores every hosts.toml",
        "remedy": "set `config_path = \"/etc/containerd/certs.d\"` in [plugins.\"io.containerd.cri.v1.images\".registry] and restart containerd",
    });
    assert_eq!(containerd.examined(&wanted), (json!({"containerd": "2.4.2", "findings": [finding]}), 1));
}
