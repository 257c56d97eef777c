//! `make cluster`: a control plane with the product on it, until Ctrl-C. However this process ends, all that it started
//! ends with it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a person reads")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use testenv::{Balancer, ControlPlane, Options, Replica};

const REPLICAS: usize = 3;

fn main() -> anyhow::Result<()> {
    let webhook =
        PathBuf::from(std::env::args_os().nth(1).context("usage: testenv PATH-OF-SERVERLESS-WEBHOOK")?);
    let started = Instant::now();
    let step = |what: &str| eprintln!("{:5.1} s  {what}", started.elapsed().as_secs_f32());

    step("starting etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok");
    let control_plane = ControlPlane::start(&Options { controllers: true, ..Options::default() })?;
    step("installing the CRDs");
    testenv::install_crds(&control_plane)?;

    step("starting the webhook");
    let folder = testenv::root().join("target/cluster");
    fs::create_dir_all(&folder)?;
    let balancer = Balancer::start()?;
    let configurations = testenv::webhook_configurations(&format!("https://{}", balancer.address()), None)?;
    testenv::install_webhooks(&control_plane, &configurations)?;
    control_plane.kubectl_ok(["create", "namespace", "kyma-system"].map(AsRef::as_ref))?;
    let mut replicas = Vec::new();
    for index in 0..REPLICAS {
        let mut serve = Command::new(&webhook);
        serve.env("KUBECONFIG", control_plane.kubeconfig());
        serve.args(["serve", "--log-format=text", "--self-managed-certs", "--namespace=kyma-system"]);
        serve.arg("--certificate-name=127.0.0.1");
        let replica = Replica::start(&mut serve, &folder.join(format!("webhook-{index}.log")))?;
        balancer.add(replica.port, replica.admin_port);
        replicas.push(replica);
    }

    let kubeconfig = folder.join("kubeconfig");
    fs::copy(control_plane.kubeconfig(), &kubeconfig)?;
    step("ready");
    let kubectl = testenv::assets()?.join("kubectl");
    print!(
        "\nexport KUBECONFIG={}\n\nthings to try, with {} if you have no kubectl:\n  \
         kubectl apply -f fixtures/manifests/orders.yaml    # presets fill in what is missing\n  \
         kubectl apply -f fixtures/manifests/broken        # everything that is wrong, at once\n  \
         kubectl explain function.spec\n\nlogs are in {} and {}; Ctrl-C ends all\n",
        kubeconfig.display(),
        kubectl.display(),
        folder.display(),
        control_plane.folder().display(),
    );
    std::io::stdout().flush()?;
    loop {
        std::thread::park();
    }
}
