//! Control planes with the controller, where kwok simulates the kubelet. The label `testenv/build` of a Function makes
//! its builds fail, hang or take long.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use controller::config::Config;
use controller::metrics::Metrics;
use controller::run::{Reconciler, lead};
use controller::shared::Shared;
use process::lease::Term;
use remote::git::GitConfig;
use testenv::{ControlPlane, Options};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::harness::cluster::client;

/// How many builds may run at the same time on [`SLOTS`].
pub const MAX_BUILDS: usize = 2;

/// A control plane with the controller, and slots for all builds.
pub static CLUSTER: LazyLock<Controlled> =
    LazyLock::new(|| Controlled::start(Config { max_builds: 100, ..config() }));

/// A control plane with the controller, and few slots.
pub static SLOTS: LazyLock<Controlled> = LazyLock::new(|| {
    let of_one = Some(MAX_BUILDS);
    Controlled::start(Config { max_builds: MAX_BUILDS, max_builds_per_namespace: of_one, ..config() })
});

pub fn config() -> Config {
    // Failed builds are retried soon, and remotes have short timeouts.
    let git = GitConfig { timeout: Duration::from_secs(3), ..GitConfig::default() };
    let functions = decide::function::Config {
        build_retry: Some(Duration::from_secs(8)),
        ..decide::function::Config::default()
    };
    Config { functions, git, ..Config::default() }
}

/// The shared part of reconcilers, with a term that never ends.
pub fn shared(client: kube::Client, metrics: Arc<Metrics>) -> Shared {
    Shared { client, term: Term::endless(), metrics, root_turn: Arc::default() }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A control plane, and the metrics of its controller.
pub struct Controlled {
    pub control_plane: ControlPlane,
    pub metrics: Arc<Metrics>,
}

impl Controlled {
    fn start(config: Config) -> Self {
        Self::start_with(control_plane(), |client, metrics| async move {
            let shared = shared(client, metrics);
            controller::functions::run(&shared, &config, std::future::pending()).await;
        })
    }

    /// Starts it with a controller of the caller.
    pub fn start_with<F>(
        control_plane: ControlPlane,
        run: impl FnOnce(kube::Client, Arc<Metrics>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let metrics = Arc::new(Metrics::new());
        let (kubeconfig, counted) = (control_plane.kubeconfig(), Arc::clone(&metrics));
        RUNTIME.spawn(async move { run(client(&kubeconfig).await, counted).await });
        Self { control_plane, metrics }
    }

    /// The value of a metric, by its line without the number.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |number| number.parse().unwrap())
    }
}

/// A control plane where Pods run, with the CRDs.
pub fn control_plane() -> ControlPlane {
    let control_plane = ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    control_plane
}

/// Runs reconcilers without an election. The sender stops them.
pub fn lead_alone(
    control_plane: &ControlPlane,
    config: Config,
    reconcilers: &'static [Reconciler],
) -> (Runtime, watch::Sender<bool>) {
    let runtime = Runtime::new().unwrap();
    let (stop, stopping) = watch::channel(false);
    let kubeconfig = control_plane.kubeconfig();
    runtime.spawn(async move {
        lead(&client(&kubeconfig).await, &config, reconcilers, None, &Arc::default(), stopping).await;
    });
    (runtime, stop)
}
