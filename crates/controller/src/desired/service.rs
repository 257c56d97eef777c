//! The Service by which the Function is called, of its own name.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Inputs, PORT_NAME};

/// The Service.
#[must_use]
pub fn service(inputs: &Inputs<'_>) -> Service {
    Service {
        metadata: inputs.identity.metadata(inputs.function, inputs.identity.name.clone()),
        spec: Some(ServiceSpec {
            selector: Some(inputs.identity.selector()),
            ports: Some(vec![ServicePort {
                name: Some(PORT_NAME.to_owned()),
                port: 80,
                target_port: Some(IntOrString::String(PORT_NAME.to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}
