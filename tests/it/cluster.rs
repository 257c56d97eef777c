//! Real control planes for tests, started by the first test that needs them. They end with this process.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use serverless_webhook::admission::app;
use testenv::{ControlPlane, Options};

use crate::recorder;
use crate::support::{Limits, PATIENCE, Server};

/// With the CRDs, and without the webhook.
pub static BARE: LazyLock<ControlPlane> = LazyLock::new(|| {
    let control_plane = ControlPlane::start(&Options::default()).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    control_plane
});

/// A client of its own, as the user of a kubeconfig.
pub async fn client(kubeconfig: &Path) -> kube::Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    kube::Client::try_from(config.unwrap()).unwrap()
}

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
    json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// With the CRDs and the webhook.
pub static INSTALLED: LazyLock<Installed> = LazyLock::new(|| {
    let control_plane = ControlPlane::start(&Options::default()).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    let reviews = control_plane.folder().join("reviews");
    let router = |app: &_| recorder::record(app::router(app), &reviews);
    let server = RUNTIME.block_on(Server::start_with(Limits::default(), |_| {}, router));
    let url = format!("https://{}", server.address);
    let configurations =
        testenv::webhook_configurations(&url, Some(&server.certs.authority.certificate)).unwrap();
    testenv::install_webhooks(&control_plane, &configurations).unwrap();
    wait_until_called(&control_plane);
    Installed { control_plane, reviews, _server: server }
});

/// The API server takes a moment to see webhook configurations. Until then it accepts what the webhook would refuse.
pub fn wait_until_called(control_plane: &ControlPlane) {
    let deadline = Instant::now() + PATIENCE;
    let functions = function("probe", &json!({"source": "x", "runtime": "?"}));
    let repositories = repository("probe", &json!({"url": "https://h/r"}));
    for manifest in [functions, repositories] {
        while kubectl(control_plane, "create --dry-run=server -f -", &manifest).ok {
            assert!(Instant::now() < deadline, "the API server does not call the webhook");
        }
    }
}

/// Runs the server of [`INSTALLED`], beyond the single test that starts it.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

/// A control plane that calls the webhook, and what it asked.
pub struct Installed {
    pub control_plane: ControlPlane,
    pub reviews: PathBuf,
    _server: Server,
}

impl Installed {
    /// A namespace of its own for a test.
    pub fn namespace(&'static self, name: &'static str) -> Namespace {
        kubectl(&self.control_plane, &format!("create namespace {name}"), &Value::Null).unwrap();
        Namespace { installed: self, name }
    }
}

/// A namespace of a control plane that calls the webhook.
#[derive(Clone, Copy)]
pub struct Namespace {
    installed: &'static Installed,
    pub name: &'static str,
}

impl Namespace {
    /// Runs kubectl in the namespace.
    pub fn kubectl(&self, words: &str, manifest: &Value) -> Printed {
        kubectl(&self.installed.control_plane, &format!("{words} --namespace={}", self.name), manifest)
    }

    /// An object as it is stored.
    pub fn get(&self, object: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {object} -o json"), &Value::Null).unwrap()).unwrap()
    }

    /// What the webhook was asked about the namespace so far.
    pub fn reviews(&self) -> Vec<(PathBuf, Value)> {
        recorder::recorded(&self.installed.reviews, self.name)
    }
}
