//! Certificates that the webhook manages itself: three replicas behind one address, a real API server that calls them
//! without a pause, and everything that can go wrong. Not one request may fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use process::https::tls::Clients;
use serverless_webhook::certificates::self_managed::{Manager, Settings};
use serverless_webhook::metrics::Metrics;
use testenv::{ControlPlane, Options, Replica};

use crate::harness::cluster::{NOTHING, client, kubectl};
use crate::harness::replicas::{Installed, Load, NAMESPACE};
use crate::harness::rights::{Audit, granted};
use crate::harness::wait::{wait_until, wait_within};

/// Frequent replacement: a certificate after 4 s, an authority after 12 s.
const FAST: [&str; 4] = [
    "--certificate-lifetime=6s",
    "--authority-lifetime=18s",
    "--trust-grace-period=1s",
    "--reload-interval=200ms",
];
/// Certificates that stay during a test of something else.
const SLOW: [&str; 2] = ["--trust-grace-period=1s", "--reload-interval=200ms"];

#[test]
fn nothing_is_lost_while_authorities_and_certificates_rotate() {
    let installed = Installed::new(3, &FAST);
    let load = Load::start(&installed.control_plane.kubeconfig());
    wait_within(Duration::from_mins(3), "authorities and certificates are replaced under load", || {
        let authorities = installed.logged("creating a new authority");
        let certificates = installed.logged("signing a new certificate");
        authorities >= 4 && certificates >= 10 && load.made() > 1000
    });
    let (made, failures) = load.stop();
    assert_eq!(failures, Vec::<String>::new(), "after {made}");
}

#[test]
fn nothing_is_lost_when_all_replicas_are_replaced() {
    let mut installed = Installed::new(3, &SLOW);
    let load = Load::start(&installed.control_plane.kubeconfig());
    for _ in 0..3 {
        installed.start();
        load.await_more(50);
        installed.terminate(0);
        load.await_more(50);
    }
    let (made, failures) = load.stop();
    assert_eq!(failures, Vec::<String>::new(), "after {made}");
}

#[test]
fn secrets_that_are_deleted_or_damaged_are_repaired_and_nothing_is_lost() {
    let installed = Installed::new(2, &SLOW);
    let load = Load::start(&installed.control_plane.kubeconfig());
    let run =
        |words: &str| kubectl(&installed.control_plane, &format!("{words} -n {NAMESPACE}"), NOTHING).unwrap();
    let (ca, tls) = ("serverless-webhook-ca", "serverless-webhook-tls");
    for (damage, repaired) in [
        (format!("delete secret {tls}"), tls),
        (format!(r#"patch secret {tls} -p {{"stringData":{{"tls.crt":"damaged"}}}}"#), tls),
        (format!(r#"patch secret {tls} -p {{"stringData":{{"tls.key":""}}}}"#), tls),
        (format!("delete secret {ca}"), ca),
        (format!(r#"patch secret {ca} -p {{"stringData":{{"tls.key":"damaged"}}}}"#), ca),
        (format!("delete secret {ca} {tls}"), tls),
    ] {
        let old = installed.secret(repaired);
        run(&damage);
        installed.await_new(repaired, &old);
        // Certificates of a new authority are served after the grace period.
        load.await_more(200);
    }
    let (made, failures) = load.stop();
    assert_eq!(failures, Vec::<String>::new(), "after {made}");
}

#[test]
fn rotation_goes_on_after_its_writer_is_killed_and_after_the_api_server_is_restarted() {
    let mut installed = Installed::new(3, &FAST);
    let load = Load::start(&installed.control_plane.kubeconfig());
    load.await_more(50);
    let old = installed.secret("serverless-webhook-tls");
    let signs = |replica: &Replica| replica.process.output().contains("signing a new certificate");
    let writer = installed.replicas.iter().position(signs).unwrap();
    installed.kill(writer);
    installed.await_new("serverless-webhook-tls", &old);
    load.await_more(50);
    let (made, failures) = load.stop();
    // Only the requests in flight at the killed process fail.
    assert!(failures.len() <= Load::THREADS, "after {made}: {failures:?}");

    let old = installed.secret("serverless-webhook-tls");
    installed.control_plane.restart_api_server().unwrap();
    installed.await_new("serverless-webhook-tls", &old);
    let load = Load::start(&installed.control_plane.kubeconfig());
    load.await_more(200);
    let (made, failures) = load.stop();
    assert_eq!(failures, Vec::<String>::new(), "after {made}");
}

/// Seconds by which the clock of [`a_clock_that_jumps_is_survived`] is ahead.
static AHEAD: AtomicU64 = AtomicU64::new(0);

#[test]
fn a_clock_that_jumps_is_survived() {
    let installed = Installed::new(0, &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = Settings {
        namespace: NAMESPACE.to_owned(),
        service: "serverless-webhook".to_owned(),
        further_names: Vec::new(),
        identity: "test".to_owned(),
        lifetime: Duration::from_hours(24),
        authority_lifetime: Duration::from_hours(48),
        grace: Duration::ZERO,
        every: Duration::from_millis(100),
        clients: Clients::default(),
        clock: || SystemTime::now() + Duration::from_secs(AHEAD.load(Ordering::Relaxed)),
    };
    let mut manager = runtime
        .block_on(async { Manager::new(&client(&installed.control_plane.kubeconfig()).await, settings) });
    let first = runtime.block_on(manager.first());
    let not_after = Arc::new(ArcSwap::from_pointee(first.not_after));
    let tls = Arc::new(ArcSwap::new(first.config));
    runtime.spawn(manager.keep(tls, Arc::clone(&not_after), Arc::new(Metrics::new())));
    let year = 365 * 24 * 3600;
    for ahead in [year, 0, 10 * year, year, 0] {
        AHEAD.store(ahead, Ordering::Relaxed);
        let now = SystemTime::now() + Duration::from_secs(ahead);
        wait_until(&format!("what is served is valid {ahead} s ahead"), || {
            (now..now + Duration::from_hours(25)).contains(&**not_after.load())
        });
    }
}

/// Every request of the webhook is granted, and every grant is used: removing any verb breaks this test.
#[test]
fn the_webhook_may_do_what_it_does_and_nothing_else() {
    let audit = Audit::new();
    let mut installed = Installed::on(
        ControlPlane::start(&Options { api_server_flags: audit.flags(), ..Options::default() }).unwrap(),
        &FAST,
    );
    let user = format!("system:serviceaccount:{NAMESPACE}:serverless-webhook");
    installed.kubeconfig = installed.control_plane.kubeconfig_for(&user, "system:serviceaccounts").unwrap();
    let manifests = testenv::root().join("manifests/webhook");
    for file in ["rbac.yaml", "certificates.yaml"] {
        let apply = format!("apply -n {NAMESPACE} -f {}", manifests.join(file).display());
        kubectl(&installed.control_plane, &apply, NOTHING).unwrap();
    }
    installed.start();
    let first = installed.secret("serverless-webhook-ca");
    installed.await_new("serverless-webhook-ca", &first);
    let old = installed.secret("serverless-webhook-tls");
    let gone = "secret/serverless-webhook-ca secret/serverless-webhook-tls lease/serverless-webhook";
    kubectl(&installed.control_plane, &format!("delete -n {NAMESPACE} {gone}"), NOTHING).unwrap();
    installed.await_new("serverless-webhook-tls", &old);

    assert_eq!(audit.requests(&user), granted(&manifests.join("rbac.yaml")));
}

#[test]
fn without_leave_it_says_so_and_is_not_ready() {
    let mut installed = Installed::on(ControlPlane::start(&Options::default()).unwrap(), &SLOW);
    installed.kubeconfig = installed.control_plane.kubeconfig_for("nobody", "strangers").unwrap();
    let mut replica = installed.start_unready();
    let output = replica.process.output_file();
    let said = || std::fs::read_to_string(&output).unwrap_or_default();
    replica.process.wait_until("telling", || said().contains("cannot manage the certificates")).unwrap();
    let expected = r#"secrets "serverless-webhook-tls" is forbidden: User "nobody" cannot get resource "secrets" in API group "" in the namespace "kyma-system""#;
    assert!(said().contains(expected), "{}", said());
    assert!(!testenv::is_ready(replica.admin_port));
}
