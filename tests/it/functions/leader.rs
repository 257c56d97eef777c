//! The controller is killed, cut off and replaced, on a real control plane.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use controller::config::Config;
use controller::metrics::Metrics;
use controller::run::{Election, Reconciler, lead};
use serde_json::{Value, json};
use testenv::ControlPlane;
use tokio::sync::watch;

use crate::harness::controller::{CLUSTER, control_plane, shared};
use crate::harness::gate::Gate;
use crate::harness::namespace::Namespace;

/// Runs a controller until `end`; work in progress is dropped, as by a kill.
async fn run_until(gate: &Gate, control_plane: &ControlPlane, end: impl Future<Output = ()>) {
    let client = gate.client(control_plane).await;
    let (shared, config) = (shared(client, Arc::default()), config());
    let run = controller::functions::run(&shared, &config, std::future::pending());
    tokio::select! {
        () = run => {}
        () = end => {}
    }
}

fn config() -> Config {
    Config { max_builds: 100, ..Config::default() }
}

/// The objects of a Function, without times and versions.
fn state(namespace: &Namespace<'_>) -> Value {
    let function = namespace.get("function demo");
    let conditions = function["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let told = conditions
        .iter()
        .map(|condition| json!([condition["type"], condition["status"], condition["reason"]]));
    let made = namespace.made();
    let kinds: Vec<_> = made.iter().map(|name| name.split('/').next().unwrap()).collect();
    json!({"conditions": told.collect::<Vec<_>>(), "made": kinds, "source": function["status"]["source"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_any_write_it_ends_in_the_same_state_with_one_of_each() {
    let expected = json!({
        "conditions": [
            ["ConfigurationReady", "True", "ConfigMapCreated"],
            ["BuildReady", "True", "JobFinished"],
            ["Running", "True", "DeploymentReady"],
            ["Ready", "True", "DeploymentReady"],
        ],
        "made": ["configmap", "deployment.apps", "horizontalpodautoscaler.autoscaling", "job.batch", "service"],
        "source": "x",
    });
    let control_plane = tokio::task::block_in_place(control_plane);
    let mut fatal = 0;
    loop {
        fatal += 1;
        let name = format!("killed-{fatal}");
        let namespace = tokio::task::block_in_place(|| Namespace::new(&control_plane, &name));
        tokio::task::block_in_place(|| {
            // A slow build, so that all stages are reported.
            let slow = json!({"testenv/build": "slow"});
            namespace.apply_labelled("demo", &json!({"maxReplicas": 3}), &slow);
        });
        let first = Gate { fatal, ..Gate::default() };
        let is_over = async {
            let is_running = async {
                // The Event is written last, after the status that it reports.
                let is_last = |event: &String| event.starts_with("Normal DeploymentReady ");
                while !tokio::task::block_in_place(|| namespace.events("demo")).iter().any(is_last) {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            tokio::select! { () = first.killed.notified() => {}, () = is_running => {} }
        };
        run_until(&first, &control_plane, is_over).await;
        let was_killed = first.writes() >= fatal;
        let before: Vec<_> = tokio::task::block_in_place(|| uids(&namespace));

        let second = Gate::default();
        let runs = async {
            while tokio::task::block_in_place(|| state(&namespace)) != expected {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            // Long enough for a second object or Event, which must not be created.
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        let ended =
            tokio::time::timeout(Duration::from_mins(1), run_until(&second, &control_plane, runs)).await;
        tokio::task::block_in_place(|| {
            assert!(ended.is_ok(), "killed after write {fatal}: {}", state(&namespace));
            assert_eq!(state(&namespace), expected, "killed after write {fatal}");
            let after = uids(&namespace);
            for uid in before {
                assert!(after.contains(&uid), "killed after write {fatal}: {uid} was made again");
            }
            // Every transition is reported only once.
            let events = namespace.events("demo");
            let mut told = events.clone();
            told.dedup();
            assert_eq!(told, events, "killed after write {fatal}");
        });
        if !was_killed {
            break;
        }
    }
    assert!(fatal > 8, "the happy path has only {} writes", fatal - 1);
}

/// The UIDs of the created objects.
fn uids(namespace: &Namespace<'_>) -> Vec<String> {
    let kinds = "configmap,job,deployment,service,horizontalpodautoscaler";
    let selector = "serverless.kyma-project.io/managed-by=function-controller";
    let made = namespace.list(&format!("{kinds} -l {selector}"));
    made.iter().map(|object| format!("{} {}", object["kind"], object["metadata"]["uid"])).collect()
}

const LEASE: Duration = Duration::from_secs(3);

/// One of several controllers.
struct Instance {
    gate: Gate,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Instance {
    async fn start(control_plane: &ControlPlane, identity: &str) -> Self {
        let (gate, metrics) = (Gate::default(), Arc::new(Metrics::new()));
        let (stop, stopping) = watch::channel(false);
        let client = gate.client(control_plane).await;
        let election = Election {
            namespace: "default".to_owned(),
            lease: "controller".to_owned(),
            identity: identity.to_owned(),
            duration: LEASE,
        };
        let counted = Arc::clone(&metrics);
        let task = tokio::spawn(async move {
            lead(&client, &config(), &Reconciler::ALL, Some(&election), &counted, stopping).await;
        });
        Self { gate, metrics, stop, task }
    }

    fn leads(&self) -> bool {
        self.metrics.leads.get() == 1
    }

    /// Waits until it is the leader, up to a limit.
    async fn lead_within(&self, limit: Duration) {
        let since = Instant::now();
        while !self.leads() {
            assert!(since.elapsed() < limit, "does not lead after {:?}", since.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_leads_another_takes_over_and_a_deposed_one_writes_nothing() {
    let control_plane = tokio::task::block_in_place(control_plane);
    let namespace = tokio::task::block_in_place(|| Namespace::new(&control_plane, "two"));
    let run = |name: &'static str| {
        tokio::task::block_in_place(|| {
            namespace.apply(name, &json!({}));
            namespace.await_condition(name, "Running", "True");
        });
    };
    let a = Instance::start(&control_plane, "a").await;
    a.lead_within(Duration::from_secs(5)).await;
    let b = Instance::start(&control_plane, "b").await;
    run("first");
    assert!(a.leads() && !b.leads());
    assert_eq!(b.gate.writes(), 0);

    // The leader is cut off while requests are in flight.
    a.gate.closed.store(true, Ordering::SeqCst);
    tokio::task::block_in_place(|| namespace.apply("second", &json!({})));
    b.lead_within(3 * LEASE).await;
    assert!(!a.leads(), "two lead");
    run("second");
    let before = a.gate.writes();
    a.gate.closed.store(false, Ordering::SeqCst);
    tokio::task::block_in_place(|| namespace.apply("third", &json!({})));
    run("third");
    // Long enough for a write, which must not happen.
    tokio::time::sleep(LEASE).await;
    assert_eq!(a.gate.writes(), before, "a deposed leader has written");

    // A controller that stops releases the Lease at once.
    b.stop.send_replace(true);
    let stopped = Instant::now();
    a.lead_within(Duration::from_secs(2)).await;
    assert!(stopped.elapsed() < LEASE, "handed over after {:?}", stopped.elapsed());
    b.task.await.unwrap();
    run("fourth");
    a.stop.send_replace(true);
    a.task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stopped_before_it_has_seen_everything_ends_at_once() {
    let control_plane = tokio::task::block_in_place(|| &CLUSTER.control_plane);
    let gate = Gate::default();
    gate.closed.store(true, Ordering::SeqCst);
    let client = gate.client(control_plane).await;
    let (stop, stopping) = watch::channel(false);
    let task = tokio::spawn(async move {
        lead(&client, &config(), &Reconciler::ALL, None, &Arc::default(), stopping).await;
    });
    // It receives no events, and continues.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!task.is_finished());
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(2), task).await.expect("it goes on").unwrap();
}
