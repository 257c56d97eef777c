//! A registry whose certificate and token authority are of cert-manager.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::team::Team;
use crate::harness::cert_manager::{CertManager, renew};
use crate::harness::real_cluster::CLUSTER;
use crate::harness::registry::trusting_crane;
use crate::harness::tls::served;
use crate::harness::wait::{PATIENCE, wait_until, wait_within};

const CERTIFICATE: &str = "imageregistry-registry-cm-tls";

/// An issuer with an authority of its own.
fn issuers() -> [Value; 3] {
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    let root =
        json!({"isCA": true, "commonName": "team", "secretName": "authority", "issuerRef": {"name": "root"}});
    [
        object("Issuer", "root", json!({"selfSigned": {}})),
        object("Certificate", "authority", root),
        object("Issuer", "team", json!({"ca": {"secretName": "authority"}})),
    ]
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn cert_manager_signs_for_a_registry_and_renews_without_a_restart() {
    let team = Team::new("issuer");
    let issuer = json!({"issuerRef": {"name": "team", "kind": "Issuer"}});
    let claim = json!({"storageClassName": "standard", "resources": {"requests": {"storage": "1Gi"}}});
    let object = |kind: &str, name: &str, spec: Value| {
        let group = "registry.mgoltzsche.github.com/v1alpha1";
        json!({"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec})
    };
    let spec = json!({"tls": issuer, "auth": {"ca": issuer}, "persistentVolumeClaim": claim});
    team.namespace.apply(&object("ImageRegistry", "registry", spec));
    let missing =
        "False|the cluster has no Certificates of cert-manager: install cert-manager, or remove issuerRef";
    team.await_condition("imageregistry registry", missing);

    let _cert_manager = CertManager::start(&CLUSTER.control_plane);
    for object in issuers() {
        team.namespace.apply(&object);
    }
    team.await_registry("1/1 Pods are ready");
    for kind in ["ImagePushSecret", "ImagePullSecret"] {
        team.namespace.apply(&object(kind, "example", json!({"registryRef": {"name": "registry"}})));
    }
    let account = "push.issuer.example.1";
    team.await_ready(
        "imagepushsecret example",
        &format!("Secret imagepushsecret-example has the credentials of account {account}"),
    );
    let push = team.held("imagepushsecret-example");
    let authority = &push["ca.crt"];
    assert_eq!(*authority, team.held("authority")["tls.crt"]);
    let push_image = |image: &str| team.push(&push[".dockerconfigjson"], authority, image);
    push_image("team/app:1");

    // The gateway serves another certificate with the same process, and clients need nothing new.
    let pod = "get pod registry-0 -o jsonpath={.metadata.uid}{.status.containerStatuses[*].containerID}";
    let (before, certificate) = (team.namespace.kubectl(pod), team.held(CERTIFICATE)["tls.crt"].clone());
    renew(&CLUSTER.control_plane, "issuer", "imageregistry-registry-tls");
    wait_until("a certificate is issued", || team.held(CERTIFICATE)["tls.crt"] != certificate);
    let expected = CertificateDer::from_pem_slice(team.held(CERTIFICATE)["tls.crt"].as_bytes()).unwrap();
    let service = team.namespace.address("registry");
    wait_within(6 * PATIENCE, "the new certificate is served", || {
        served((&service, 443), &team.host, authority) == expected
    });
    push_image("team/app:2");
    let tags = trusting_crane(
        &team.held("imagepullsecret-example")[".dockerconfigjson"],
        authority,
        &["ls", &team.image("team/app")],
    );
    assert_eq!((tags.unwrap().as_str(), team.namespace.kubectl(pod)), ("1\n2\n", before));
}
