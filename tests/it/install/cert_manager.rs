//! Certificates from a real cert-manager: the chart is installed, certificate and authority are issued and renewed under
//! load, and no request fails, however late replicas get a new certificate.
//!
//! No kubelet runs here, so the test itself updates the mounted Secrets. The Service leads to a process on loopback;
//! certificates are still verified for the name of the Service.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use testenv::{Balancer, ControlPlane, Options, Replica};

use crate::harness::cert_manager::{CertManager, renew};
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;
use crate::harness::installed::wait_until_called;
use crate::harness::mounted::Mounted;
use crate::harness::replicas::{Load, NAMESPACE};
use crate::harness::tls::served;
use crate::harness::wait::wait_until;

/// The Certificate of the webhook, that of its authority with a Secret of the same name, and the Secret that is served.
const CERTIFICATE: &str = "serverless-webhook";
const AUTHORITY: &str = "serverless-webhook-authority";
const SERVED: &str = "serverless-webhook-tls";

#[test]
fn nothing_is_lost_while_certificate_and_authority_are_renewed() {
    let mut installed = Installed::new();
    let load = Load::start(&installed.control_plane.kubeconfig());
    load.await_more(50);

    let first = installed.secret(SERVED);
    installed.renew(CERTIFICATE);
    installed.hand_over(&first, &load);
    // The authority is the same, so a replica that still serves the old certificate is trusted.
    let second = installed.secret(SERVED);
    assert_eq!(second.authority, first.authority);

    kubectl(&installed.control_plane, &format!("delete secret {SERVED} -n {NAMESPACE}"), NOTHING).unwrap();
    installed.hand_over(&second, &load);
    let third = installed.secret(SERVED);
    assert_eq!(third.authority, first.authority);

    // The authority gets a new certificate for its old key, and then signs.
    let old = installed.secret(AUTHORITY);
    installed.renew(AUTHORITY);
    installed.await_new(AUTHORITY, &old);
    let new = installed.secret(AUTHORITY);
    assert!(new.key == old.key, "the key of the authority has changed");
    installed.renew(CERTIFICATE);
    installed.hand_over(&third, &load);
    assert_eq!(installed.secret(SERVED).authority, new.certificate);

    let (made, failures) = load.stop();
    assert_eq!(failures, Vec::<String>::new(), "after {made}");
}

/// The content of a Secret of type `kubernetes.io/tls`, in PEM.
struct Issued {
    certificate: String,
    key: String,
    authority: String,
}

/// The chart in the mode `cert-manager`, and replicas with mounted Secrets.
struct Installed {
    // Dropped in this order.
    replicas: Vec<(Replica, Mounted)>,
    _cert_manager: CertManager,
    control_plane: ControlPlane,
}

impl Installed {
    fn new() -> Self {
        let control_plane = ControlPlane::start(&Options::default()).unwrap();
        let cert_manager = CertManager::start(&control_plane);
        let mut helm = control_plane.tool("helm");
        helm.args(["install", "serverless", "manifests/chart", "--create-namespace", "-n", NAMESPACE]);
        helm.arg("--set=webhook.certificates.mode=cert-manager").current_dir(testenv::root());
        piped(helm, "").unwrap();

        let mut new = Self { replicas: Vec::new(), _cert_manager: cert_manager, control_plane };
        wait_until("a certificate is issued", || new.find(SERVED).is_some());
        let balancer = Balancer::start().unwrap();
        lead_service_to(&new.control_plane, balancer.address().port());
        for index in 0..2 {
            let replica = new.start_replica(index);
            balancer.add(replica.0.port, replica.0.admin_port);
            new.replicas.push(replica);
        }
        wait_until("cainjector injects", || new.injected() == vec![new.secret(SERVED).authority; 2]);
        wait_until_called(&new.control_plane);
        new
    }

    fn start_replica(&self, index: usize) -> (Replica, Mounted) {
        let issued = self.secret(SERVED);
        let mounted = Mounted::new(&issued.certificate, &issued.key);
        let mut serve = Command::new(env!("CARGO_BIN_EXE_serverless-webhook"));
        serve.args(["serve", "--reload-interval=100ms"]);
        serve.arg(format!("--tls-cert-file={}", mounted.certificate().display()));
        serve.arg(format!("--tls-private-key-file={}", mounted.key().display()));
        let log = self.control_plane.folder().join(format!("webhook-{index}.log"));
        (Replica::start(&mut serve, &log).unwrap(), mounted)
    }

    /// Waits until another certificate is issued and its authority injected, then gives it to one replica after the
    /// other. Meanwhile the load goes on.
    fn hand_over(&mut self, old: &Issued, load: &Load) {
        self.await_new(SERVED, old);
        let new = self.secret(SERVED);
        wait_until("cainjector injects", || self.injected() == vec![new.authority.clone(); 2]);
        for index in 0..self.replicas.len() {
            assert_eq!(self.served(index, &new.authority), first_of(&old.certificate));
            load.await_more(100);
            self.replicas[index].1.swap(&new.certificate, &new.key);
            let renewed = first_of(&new.certificate);
            wait_until("the new certificate is served", || self.served(index, &new.authority) == renewed);
        }
        load.await_more(100);
    }

    /// What a replica serves to a client that trusts an authority.
    fn served(&self, index: usize, authority: &str) -> CertificateDer<'static> {
        let address = ("127.0.0.1", self.replicas[index].0.port);
        served(address, "serverless-webhook.kyma-system.svc", authority)
    }

    fn renew(&self, certificate: &str) {
        renew(&self.control_plane, NAMESPACE, certificate);
    }

    fn await_new(&self, secret: &str, old: &Issued) {
        wait_until(&format!("{secret} changes"), || {
            self.find(secret).is_some_and(|new| new.certificate != old.certificate)
        });
    }

    fn secret(&self, name: &str) -> Issued {
        self.find(name).unwrap()
    }

    fn find(&self, name: &str) -> Option<Issued> {
        let printed =
            kubectl(&self.control_plane, &format!("get secret {name} -n {NAMESPACE} -o json"), NOTHING);
        let secret: Value = serde_json::from_str(&printed.out).ok()?;
        let text = |key: &str| Some(decode(secret["data"][key].as_str()?));
        Some(Issued { certificate: text("tls.crt")?, key: text("tls.key")?, authority: text("ca.crt")? })
    }

    /// The authority that both webhook configurations trust. All their webhooks trust the same.
    fn injected(&self) -> Vec<String> {
        let get = "get mutatingwebhookconfiguration,validatingwebhookconfiguration -o json";
        let list = kubectl(&self.control_plane, get, NOTHING).unwrap();
        let list: Value = serde_json::from_str(&list).unwrap();
        let ours = |object: &&Value| object["metadata"]["name"] == CERTIFICATE;
        let of_each = list["items"].as_array().unwrap().iter().filter(ours).map(|configuration| {
            let webhooks = configuration["webhooks"].as_array().unwrap();
            let mut bundles: Vec<_> = webhooks.iter().map(|one| &one["clientConfig"]["caBundle"]).collect();
            bundles.dedup();
            bundles.into_iter().map(|bundle| decode(bundle.as_str().unwrap_or_default())).collect::<String>()
        });
        of_each.collect()
    }
}

/// The API server asks a process on loopback in place of the Pods of the Service.
fn lead_service_to(control_plane: &ControlPlane, port: u16) {
    let external = json!({"spec": {"type": "ExternalName", "externalName": "127.0.0.1"}});
    let patch = format!("patch service {CERTIFICATE} -n {NAMESPACE} -p {external}");
    kubectl(control_plane, &patch, NOTHING).unwrap();
    for kind in ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"] {
        let get = format!("get {kind} {CERTIFICATE} -o json");
        let configuration: Value =
            serde_json::from_str(&kubectl(control_plane, &get, NOTHING).unwrap()).unwrap();
        let webhooks = 0..configuration["webhooks"].as_array().unwrap().len();
        let ports = webhooks.map(|index| {
            json!({"op": "replace", "path": format!("/webhooks/{index}/clientConfig/service/port"), "value": port})
        });
        let patch: Value = ports.collect();
        kubectl(control_plane, &format!("patch {kind} {CERTIFICATE} --type=json -p {patch}"), NOTHING)
            .unwrap();
    }
}

fn decode(base64: &str) -> String {
    String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
}

/// The first certificate of a chain in PEM.
fn first_of(chain: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()
}
