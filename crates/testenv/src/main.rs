//! `make cluster`: a control plane with the product on it, until Ctrl-C. However this process ends, everything that it
//! started ends with it, and its files are deleted.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a person reads")]

use std::convert::Infallible;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use testenv::{Balancer, ControlPlane, Leftovers, Options, PATIENCE, Process, Replica};

const REPLICAS: usize = 3;

fn main() -> anyhow::Result<()> {
    let usage = "usage: testenv PATH-OF-SERVERLESS-WEBHOOK PATH-OF-SERVERLESS-CONTROLLER";
    let mut programs = std::env::args_os().skip(1).map(PathBuf::from);
    let (webhook, controller) = programs.next().zip(programs.next()).context(usage)?;
    let leftovers = Leftovers::delete(&testenv::folder_of(std::process::id(), 0))?;
    let Err(error) = run(&webhook, &controller);
    // The error names log files.
    leftovers.keep()?;
    Err(error)
}

/// Starts everything and keeps it running; returns only if something does not start.
fn run(webhook: &Path, controller: &Path) -> anyhow::Result<Infallible> {
    let started = Instant::now();
    let step = |what: &str| eprintln!("{:5.1} s  {what}", started.elapsed().as_secs_f32());

    step("starting etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok");
    let control_plane = ControlPlane::start(&Options { controllers: true, ..Options::default() })?;
    step("installing the CRDs");
    testenv::install_crds(&control_plane)?;
    step("starting the webhook");
    let _webhook = start_webhook(&control_plane, webhook)?;
    step("starting the controller");
    apply_base(&control_plane)?;
    let _controller = start_controller(&control_plane, controller)?;

    step("ready");
    print_hints(&control_plane, webhook)?;
    loop {
        std::thread::park();
    }
}

/// The replicas of the webhook, behind an address that the API server calls. They run until this is dropped.
fn start_webhook(control_plane: &ControlPlane, program: &Path) -> anyhow::Result<(Balancer, Vec<Replica>)> {
    let balancer = Balancer::start()?;
    let configurations = testenv::webhook_configurations(&format!("https://{}", balancer.address()), None)?;
    testenv::install_webhooks(control_plane, &configurations)?;
    control_plane.kubectl_ok(["create", "namespace", "kyma-system"].map(AsRef::as_ref))?;
    let mut replicas = Vec::new();
    for index in 0..REPLICAS {
        let mut serve = Command::new(program);
        serve.env("KUBECONFIG", control_plane.kubeconfig());
        serve.args(["serve", "--log-format=text", "--self-managed-certs", "--namespace=kyma-system"]);
        serve.arg("--certificate-name=127.0.0.1");
        let replica =
            Replica::start(&mut serve, &control_plane.folder().join(format!("webhook-{index}.log")))?;
        balancer.add(replica.port, replica.admin_port);
        replicas.push(replica);
    }
    Ok((balancer, replicas))
}

/// Applies the objects of the base namespace that are copied to all namespaces.
fn apply_base(control_plane: &ControlPlane) -> anyhow::Result<()> {
    let base = [
        "crates/testenv/src/registry.yaml",
        "manifests/controller/accounts.yaml",
        "manifests/runtimes/runtimes.yaml",
    ];
    let [registry, accounts, runtimes] =
        base.map(|file| format!("--filename={}", testenv::root().join(file).display()));
    let args = ["apply", "--namespace=kyma-system", &registry, &accounts, &runtimes].map(AsRef::as_ref);
    // A registry Secret is accepted once the API server calls the webhook.
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = control_plane.kubectl_ok(args) {
        anyhow::ensure!(Instant::now() < deadline, "{error:#}");
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// A controller that is the leader. It runs until this is dropped.
fn start_controller(control_plane: &ControlPlane, program: &Path) -> anyhow::Result<Process> {
    let mut run = Command::new(program);
    run.env("KUBECONFIG", control_plane.kubeconfig());
    run.args(["run", "--log-format=text", "--admin-listen=127.0.0.1:0"]);
    let log = control_plane.folder().join("controller.log");
    let mut controller = Process::start(&run, &log)?;
    let leads = || fs::read_to_string(&log).is_ok_and(|log| log.contains("leads"));
    controller.wait_until("leading", leads)?;
    Ok(controller)
}

/// Prints what a person can try.
fn print_hints(control_plane: &ControlPlane, webhook: &Path) -> anyhow::Result<()> {
    let kubectl = testenv::assets()?.join("kubectl");
    print!(
        "\nexport KUBECONFIG={}\n\nthings to try, with {} if you have no kubectl:\n  \
         kubectl apply -f fixtures/manifests/orders.yaml    # presets fill in what is missing, and it runs\n  \
         kubectl get functions -w                          # from nothing to Running\n  \
         kubectl apply -f fixtures/manifests/broken        # is refused, with the fields that are wrong\n  \
         {} check fixtures/manifests/broken  # every mistake at once\n  \
         kubectl explain function.spec\n\nlogs are in {}; Ctrl-C ends everything and deletes it\n",
        control_plane.kubeconfig().display(),
        kubectl.display(),
        webhook.display(),
        control_plane.folder().display(),
    );
    std::io::stdout().flush()?;
    Ok(())
}
