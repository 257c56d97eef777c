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
    let certs = folder.join("certs");
    let made = Command::new(&webhook).args(["certs", "--force", "--out"]).arg(&certs).output()?;
    anyhow::ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let balancer = Balancer::start()?;
    let mut replicas = Vec::new();
    for index in 0..REPLICAS {
        let mut serve = Command::new(&webhook);
        serve.args(["serve", "--log-format=text", "--tls-cert-file"]).arg(certs.join("tls.crt"));
        serve.arg("--tls-private-key-file").arg(certs.join("tls.key"));
        let replica = Replica::start(&mut serve, &folder.join(format!("webhook-{index}.log")))?;
        balancer.add(replica.port, replica.admin_port);
        replicas.push(replica);
    }
    let ca = fs::read_to_string(certs.join("ca.crt"))?;
    let url = format!("https://{}", balancer.address());
    testenv::install_webhooks(&control_plane, &testenv::webhook_configurations(&url, Some(&ca))?)?;

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
