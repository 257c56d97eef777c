//! Real control planes for tests, started by the first test that needs them. They end with this process.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use testenv::{ControlPlane, Options};

/// With the CRDs, and without the webhook.
pub static BARE: LazyLock<ControlPlane> = LazyLock::new(|| {
    let control_plane = ControlPlane::start(&Options::default()).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    control_plane
});

/// What a command printed.
#[derive(Debug)]
pub struct Printed {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl Printed {
    /// The standard output of a command that went well.
    pub fn unwrap(self) -> String {
        assert!(self.ok, "{}{}", self.out, self.err);
        self.out
    }
}

/// Runs kubectl with words as arguments and a manifest, or nothing, as standard input.
pub fn kubectl(control_plane: &ControlPlane, words: &str, manifest: &Value) -> Printed {
    let mut command = control_plane.kubectl();
    command.args(words.split_whitespace());
    piped(command, &if manifest.is_null() { String::new() } else { manifest.to_string() })
}

/// Runs a command with a standard input.
pub fn piped(mut command: Command, input: &str) -> Printed {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A command that ends without reading is told by its exit code.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Printed { ok: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    })
}

/// A Function as its author writes it.
pub fn function(name: &str, spec: &Value) -> Value {
    object("Function", name, spec)
}

/// A `GitRepository` as its author writes it.
pub fn repository(name: &str, spec: &Value) -> Value {
    object("GitRepository", name, spec)
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    serde_json::json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}
