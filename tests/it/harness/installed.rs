//! A control plane that calls the webhook, started by the first test that needs it.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Instant;

use serde_json::{Value, json};
use serverless_webhook::admission::app;
use testenv::{ControlPlane, Options};

use crate::harness::cluster::{function, kubectl, repository};
use crate::harness::command::Printed;
use crate::harness::recorder;
use crate::harness::server::{Limits, Server};
use crate::harness::wait::PATIENCE;

/// A control plane with the CRDs and the webhook.
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

/// Waits until the API server uses the webhook configurations. Until then it accepts what the webhook would refuse.
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

/// Runs the server of [`INSTALLED`] beyond the test that starts it.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

/// A control plane that calls the webhook, and its recorded reviews.
pub struct Installed {
    pub control_plane: ControlPlane,
    pub reviews: PathBuf,
    _server: Server,
}

impl Installed {
    /// A separate namespace for a test.
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

    /// The stored object.
    pub fn get(&self, object: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {object} -o json"), &Value::Null).unwrap()).unwrap()
    }

    /// The reviews of objects in the namespace so far.
    pub fn reviews(&self) -> Vec<(PathBuf, Value)> {
        recorder::recorded(&self.installed.reviews, self.name)
    }
}
