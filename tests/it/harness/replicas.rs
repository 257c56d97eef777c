//! Replicas of the webhook that manage their own certificates, behind one address, and a load that calls them through a
//! real API server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use testenv::{Balancer, ControlPlane, Options, Replica};

use crate::harness::cluster::{client, function, kubectl};
use crate::harness::wait::wait_until;

/// The namespace of the webhook.
pub const NAMESPACE: &str = "kyma-system";
const NOTHING: &Value = &Value::Null;

/// A control plane whose webhook manages its own certificates.
pub struct Installed {
    pub control_plane: ControlPlane,
    pub balancer: Balancer,
    /// The kubeconfig of the webhook's account.
    pub kubeconfig: PathBuf,
    pub replicas: Vec<Replica>,
    pub flags: Vec<&'static str>,
    pub started: usize,
}

impl Installed {
    pub fn new(replicas: usize, flags: &[&'static str]) -> Self {
        let mut installed = Self::on(ControlPlane::start(&Options::default()).unwrap(), flags);
        // All at the same time, so that they compete to create the first authority.
        let starting: Vec<_> = (0..replicas).map(|_| installed.start_unready()).collect();
        for mut replica in starting {
            replica.await_ready().unwrap();
            installed.add(replica);
        }
        installed
    }

    /// Starts without replicas.
    pub fn on(control_plane: ControlPlane, flags: &[&'static str]) -> Self {
        testenv::install_crds(&control_plane).unwrap();
        kubectl(&control_plane, &format!("create namespace {NAMESPACE}"), NOTHING).unwrap();
        let balancer = Balancer::start().unwrap();
        let url = format!("https://{}", balancer.address());
        let configurations = testenv::webhook_configurations(&url, None).unwrap();
        testenv::install_webhooks(&control_plane, &configurations).unwrap();
        let kubeconfig = control_plane.kubeconfig();
        Self { control_plane, balancer, kubeconfig, replicas: Vec::new(), flags: flags.to_vec(), started: 0 }
    }

    pub fn start_unready(&mut self) -> Replica {
        let log = self.control_plane.folder().join(format!("webhook-{}.log", self.started));
        self.started += 1;
        let mut serve = Command::new(env!("CARGO_BIN_EXE_serverless-webhook"));
        serve.env("KUBECONFIG", &self.kubeconfig);
        serve.args(["serve", "--self-managed-certs", "--log-format=text", "--certificate-name=127.0.0.1"]);
        serve.args(["--shutdown-delay=1s", "--namespace", NAMESPACE]).args(&self.flags);
        Replica::start_unready(&mut serve, &log).unwrap()
    }

    pub fn add(&mut self, replica: Replica) {
        self.balancer.add(replica.port, replica.admin_port);
        self.replicas.push(replica);
    }

    pub fn start(&mut self) {
        let mut replica = self.start_unready();
        replica.await_ready().unwrap();
        self.add(replica);
    }

    /// Kills a replica, like a node failure.
    pub fn kill(&mut self, index: usize) {
        let replica = self.replicas.remove(index);
        self.balancer.remove(replica.port);
        drop(replica);
    }

    /// Ends a replica like a rollout, and waits for its end.
    pub fn terminate(&mut self, index: usize) {
        let mut replica = self.replicas.remove(index);
        replica.process.signal("TERM").unwrap();
        assert_eq!(replica.process.wait().unwrap(), 0, "{}", replica.process.output());
        self.balancer.remove(replica.port);
    }

    pub fn secret(&self, name: &str) -> Value {
        let printed =
            kubectl(&self.control_plane, &format!("get secret {name} -n {NAMESPACE} -o json"), NOTHING);
        if printed.ok { serde_json::from_str(&printed.out).unwrap() } else { Value::Null }
    }

    /// Waits until a Secret contains another certificate than `old`.
    pub fn await_new(&self, name: &str, old: &Value) {
        wait_until(&format!("{name} changes"), || {
            let new = &self.secret(name)["data"]["tls.crt"];
            new.is_string() && new != &old["data"]["tls.crt"]
        });
    }

    /// How often the running replicas have logged a text.
    pub fn logged(&self, text: &str) -> usize {
        self.replicas.iter().map(|replica| replica.process.output().matches(text).count()).sum()
    }
}

/// Writes Functions without a pause, on separate threads.
pub struct Load {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<Vec<String>>>,
}

impl Load {
    pub const THREADS: usize = 4;

    pub fn start(kubeconfig: &Path) -> Self {
        let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let threads = (0..Self::THREADS).map(|thread| {
            let (stop, made, kubeconfig) = (Arc::clone(&stop), Arc::clone(&made), kubeconfig.to_owned());
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(write(&kubeconfig, &format!("load-{thread}"), &stop, &made))
            })
        });
        let threads = threads.collect();
        Self { stop, made, threads }
    }

    /// The number of Functions that were written.
    pub fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Waits until `count` more Functions have been written.
    pub fn await_more(&self, count: usize) {
        let goal = self.made() + count;
        wait_until("the load goes on", || self.made() >= goal);
    }

    /// The number of Functions that were written, and the errors.
    pub fn stop(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let failures = self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        (self.made.load(Ordering::Relaxed), failures)
    }
}

/// Creates a Function as a dry run, then changes a real one, in turns.
async fn write(kubeconfig: &Path, name: &str, stop: &AtomicBool, made: &AtomicUsize) -> Vec<String> {
    let client = client(kubeconfig).await;
    let kind = GroupVersionKind::gvk("serverless.kyma-project.io", "v1alpha1", "Function");
    let api: Api<DynamicObject> =
        Api::namespaced_with(client, "default", &ApiResource::from_gvk_with_plural(&kind, "functions"));
    let dry_run: DynamicObject = serde_json::from_value(function("load", &json!({"source": "x"}))).unwrap();
    let create = PostParams { dry_run: true, ..PostParams::default() };
    let apply = PatchParams::apply("load");
    let mut failures = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let source = format!("// {}", made.load(Ordering::Relaxed));
        let changed = Patch::Apply(function(name, &json!({"source": source})));
        for answer in [api.create(&create, &dry_run).await, api.patch(name, &apply, &changed).await] {
            match answer {
                // A field that the webhook fills in shows that it was called.
                Ok(written) if written.data["spec"]["runtime"] == "nodejs12" => {
                    made.fetch_add(1, Ordering::Relaxed);
                }
                Ok(written) => failures.push(format!("not defaulted: {}", written.data)),
                Err(error) => failures.push(error.to_string()),
            }
        }
    }
    failures
}
