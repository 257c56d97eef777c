//! The certificates of registries: made, verified, renewed when they are due, and never taken from others.

use std::time::{Duration, SystemTime};

use process::certificates::{Certificate, Pair, authority, server};
use serde_json::json;

use super::cluster::{Team, bucket, root};
use crate::harness::cluster::NOTHING;

const DAY: Duration = Duration::from_hours(24);
const TLS: &str = "imageregistry-registry-selfsigned-tls";
const TOKENS: &str = "imageregistry-registry-selfsigned-auth-ca";

/// The whole days that a certificate is valid.
fn days(certificate: &Certificate) -> u64 {
    certificate.not_after().duration_since(certificate.made()).unwrap().as_secs() / DAY.as_secs()
}

#[test]
fn a_registry_serves_a_certificate_of_the_installation() {
    let team = Team::new("operator-certificates");
    team.apply("registry", &bucket());
    team.awaits("registry", "Ready", "True");
    let (root, served) = (root(), team.secret(TLS));
    let certified = served.keyed();
    // It was written once: its Service has an address before it is signed.
    let address = team.get("service registry")["spec"]["clusterIP"].as_str().unwrap().parse().unwrap();
    assert_eq!(certified.certificate.addresses(), [address] as [std::net::IpAddr; 1]);
    let writes =
        team.get(&format!("secret {TLS} --show-managed-fields"))["metadata"]["managedFields"].clone();
    let writes: Vec<_> = writes.as_array().unwrap().iter().map(|write| write["operation"].clone()).collect();
    assert_eq!(writes, ["Update"], "what is written again is applied");
    let names = ["svc.cluster.local", "svc"].map(|zone| format!("registry.operator-certificates.{zone}"));
    assert_eq!(certified.certificate.names(), names);
    assert!(certified.serves(&root.keyed().certificate, &names, SystemTime::now()));
    assert_eq!((days(&certified.certificate), served.secret_type()), (90, "kubernetes.io/tls"));
    assert_eq!(served.text("ca.crt"), root.text("tls.crt"));
    assert_eq!((days(&root.keyed().certificate), root.secret_type()), (3650, "kubernetes.io/tls"));

    let tokens = team.secret(TOKENS);
    let authority = tokens.keyed().certificate;
    assert!(authority.is_authority());
    assert_eq!((days(&authority), tokens.text("ca.crt")), (1825, tokens.text("tls.crt")));
    let config = team.get("configmap imageregistry-registry");
    assert_eq!(config["data"]["token-authorities.crt"], tokens.text("tls.crt"));
}

#[test]
fn a_certificate_that_is_due_is_replaced_and_no_pod_restarts() {
    let team = Team::new("operator-renewal");
    team.apply("registry", &bucket());
    team.awaits("registry", "Ready", "True");
    let before = team.get("statefulset registry")["metadata"]["generation"].clone();
    let root = root().keyed();
    let now = SystemTime::now();
    let names = team.secret(TLS).keyed().certificate.names();
    let nearly_over = server(&root.pair, names.clone(), now - DAY * 68, now + DAY * 22).unwrap();
    team.replace(TLS, &[("tls.crt", &nearly_over.certificate), ("tls.key", &nearly_over.key)]);
    team.wait("a new certificate is signed", || {
        let server = team.secret(TLS).keyed();
        server.pair.certificate != nearly_over.certificate
            && days(&server.certificate) == 90
            && server.serves(&root.certificate, &names, now)
    });
    let other = server(&root.pair, vec!["elsewhere".to_owned()], now, now + DAY * 90).unwrap();
    team.replace(TLS, &[("tls.crt", &other.certificate), ("tls.key", &other.key)]);
    team.wait("one of other names is replaced, too", || {
        team.secret(TLS).keyed().certificate.names() == names
    });
    assert_eq!(team.get("statefulset registry")["metadata"]["generation"], before);
}

/// A registry reads whom it trusts when it starts. So first all Pods trust the next authority, and then it signs.
#[test]
fn a_token_authority_that_is_due_is_followed_by_another() {
    let team = Team::new("operator-tokens");
    team.apply("registry", &bucket());
    team.awaits("registry", "Ready", "True");
    let now = SystemTime::now();
    let old = authority("old", now - DAY * 1500, now + DAY * 325).unwrap();
    let Pair { certificate, key } = &old;
    team.replace(TOKENS, &[("tls.crt", certificate), ("tls.key", key), ("ca.crt", certificate)]);
    team.wait("another authority signs", || {
        let tokens = team.secret(TOKENS);
        tokens.text("tls.crt") != old.certificate && !tokens.text("since").is_empty()
    });
    let tokens = team.secret(TOKENS);
    assert_eq!(days(&tokens.keyed().certificate), 1825);
    assert_eq!(tokens.text("next.crt"), "");
    // In this order since the new one was prepared: another order would start the registry again.
    let trusted = [old.certificate.clone(), tokens.text("tls.crt")].concat();
    assert_eq!(tokens.text("ca.crt"), trusted, "tokens of the old one are still accepted");
    team.wait("the registry trusts both", || {
        team.get("configmap imageregistry-registry")["data"]["token-authorities.crt"] == trusted
    });
    team.awaits("registry", "Ready", "True");
}

#[test]
fn secrets_of_others_stay_as_they_are() {
    let team = Team::new("operator-secrets");
    team.kubectl(&format!("create secret generic {TOKENS} --from-literal=tls.key=mine"), NOTHING).unwrap();
    team.apply("registry", &bucket());
    let conflict = format!(
        "False NameConflict Secret {TOKENS} exists and does not belong to this ImageRegistry: delete it, or give the ImageRegistry another name"
    );
    team.awaits("registry", "Ready", &conflict);
    assert_eq!(team.secret(TOKENS).text("tls.key"), "mine");
    assert!(team.list("statefulsets").is_empty());
}

#[test]
fn a_given_certificate_is_waited_for_and_used_as_it_is() {
    let team = Team::new("operator-given");
    let mut spec = bucket();
    spec["tls"] = json!({"secretName": "mine"});
    team.apply("registry", &spec);
    let missing =
        "False CertificateMissing Secret mine does not exist: create it with tls.crt, tls.key and ca.crt";
    team.awaits("registry", "Ready", missing);
    let now = SystemTime::now();
    let signer = authority("mine", now, now + DAY).unwrap();
    let mine = server(&signer, vec!["registry.example.com".to_owned()], now, now + DAY).unwrap();
    team.kubectl("create secret generic mine --from-literal=tls.crt=none", NOTHING).unwrap();
    let unusable = "False CertificateMissing Secret mine must hold a certificate in tls.crt, and the key that belongs to it in tls.key";
    team.awaits("registry", "Ready", unusable);
    team.replace("mine", &[("tls.crt", &mine.certificate), ("tls.key", &mine.key)]);
    team.awaits("registry", "Ready", "True");
    assert_eq!(team.secret("mine").text("tls.crt"), mine.certificate);
    assert_eq!(team.get("imageregistry registry")["status"]["tlsSecretName"], "mine");
    // What is in use stays in use if the Secret goes.
    let before = team.get("statefulset registry")["metadata"]["generation"].clone();
    team.kubectl("delete secret mine", NOTHING).unwrap();
    team.awaits("registry", "Ready", missing);
    assert_eq!(team.get("statefulset registry")["metadata"]["generation"], before);
}

#[test]
fn without_cert_manager_the_condition_says_so() {
    let team = Team::new("operator-issuer");
    let mut spec = bucket();
    spec["tls"] = json!({"issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}});
    team.apply("registry", &spec);
    let missing = "False CertificateMissing the cluster has no Certificates of cert-manager: install cert-manager, or remove issuerRef";
    team.awaits("registry", "Ready", missing);
    assert!(team.list("statefulsets").is_empty());
}

/// Who signed it may sign others, too.
#[test]
fn a_given_token_authority_is_trusted_and_not_its_issuer() {
    let team = Team::new("operator-authority");
    let now = SystemTime::now();
    let [mine, issuer] = ["mine", "issuer"].map(|name| authority(name, now, now + DAY).unwrap());
    let leaf = server(&mine, vec!["elsewhere".to_owned()], now, now + DAY).unwrap();
    team.kubectl("create secret generic tokens --from-literal=tls.crt=none", NOTHING).unwrap();
    team.replace("tokens", &[("tls.crt", &leaf.certificate), ("tls.key", &leaf.key)]);
    let mut spec = bucket();
    spec["auth"] = json!({"ca": {"secretName": "tokens"}});
    team.apply("registry", &spec);
    let leaf = "False CertificateMissing the certificate in Secret tokens must be that of an authority: it signs the keys of tokens";
    team.awaits("registry", "Ready", leaf);
    let chain = [mine.certificate.clone(), issuer.certificate.clone()].concat();
    let of_issuer = ("ca.crt", issuer.certificate.as_str());
    team.replace("tokens", &[("tls.crt", &chain), ("tls.key", &mine.key), of_issuer]);
    team.awaits("registry", "Ready", "True");
    let trusted = team.get("configmap imageregistry-registry")["data"]["token-authorities.crt"].clone();
    let trusted = Certificate::all(trusted.as_str().unwrap().as_bytes());
    assert_eq!(trusted, Certificate::all(mine.certificate.as_bytes()));
}
