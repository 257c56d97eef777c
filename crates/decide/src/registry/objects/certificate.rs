//! What cert-manager is asked for.

use api::names::image_registry::{authority_certificate, tls_certificate};
use api::names::registry::of_registry;
use api::registry::IssuerRef;
use serde_json::{Value, json};

use crate::Kind;
use crate::object::{wanted, with};
use crate::plan::Wanted;
use crate::registry::instance::{Instance, Source};

/// How long a certificate of a registry is valid: 90 days.
const SERVER: &str = "2160h0m0s";
/// How long before its end it is replaced: a quarter of that.
const RENEWED: &str = "540h0m0s";
/// How long a token authority is valid: five years.
const AUTHORITY: &str = "43800h0m0s";
/// How long before its end it is replaced: a quarter of that.
const AUTHORITY_RENEWED: &str = "10950h0m0s";

/// The Certificates that the registry asks for.
pub(in super::super) fn certificates(instance: &Instance<'_>) -> Vec<Wanted> {
    let mut certificates = Vec::new();
    if let Source::Issuer(issuer) = instance.tls() {
        let spec = spec(issuer, &instance.tls_secret(), [SERVER, RENEWED]);
        let for_server =
            json!({"dnsNames": instance.names(), "usages": ["digital signature", "server auth"]});
        certificates.push(certificate(instance, tls_certificate(instance.name), &with(spec, for_server)));
    }
    if let Source::Issuer(issuer) = instance.token_authority() {
        let spec = spec(issuer, &instance.authority_secret(), [AUTHORITY, AUTHORITY_RENEWED]);
        let name = of_registry(instance.name);
        let for_keys = json!({"commonName": name, "isCA": true, "usages": ["cert sign", "crl sign"]});
        certificates.push(certificate(instance, authority_certificate(instance.name), &with(spec, for_keys)));
    }
    certificates
}

fn certificate(instance: &Instance<'_>, name: String, spec: &Value) -> Wanted {
    wanted(Kind::Certificate, &instance.metadata(name), json!({"spec": spec}))
}

fn spec(issuer: &IssuerRef, secret: &str, [life, renewed]: [&str; 2]) -> Value {
    json!({
        "secretName": secret,
        "duration": life,
        "renewBefore": renewed,
        "issuerRef": {"group": "cert-manager.io", "kind": issuer.kind, "name": issuer.name},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    })
}
