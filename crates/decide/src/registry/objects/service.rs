//! The Service by which images are pushed and pulled.

use serde_json::json;

use super::paths::HTTPS;
use crate::Kind;
use crate::object::wanted;
use crate::plan::Wanted;
use crate::registry::instance::Instance;

/// By this annotation external-dns makes the hostname known.
const EXTERNAL_DNS: &str = "external-dns.alpha.kubernetes.io/hostname";

/// The Service.
pub(in super::super) fn service(instance: &Instance<'_>) -> Wanted {
    let mut metadata = instance.metadata(instance.name.to_owned());
    metadata.annotations = Some([(EXTERNAL_DNS.to_owned(), instance.hostname())].into());
    let service = instance.spec.service.as_ref();
    let spec = json!({
        "type": service.and_then(|service| service.service_type.as_deref()).unwrap_or("LoadBalancer"),
        "selector": instance.selector(),
        "ports": [{"name": HTTPS, "port": 443, "protocol": "TCP", "targetPort": HTTPS}],
    });
    wanted(Kind::Service, &metadata, json!({"spec": spec}))
}
