//! The Service that the Function is called by. It has the name of the Function.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::port;
use crate::function::inputs::Inputs;

/// The Service.
#[must_use]
pub(crate) fn service(inputs: &Inputs<'_>) -> Service {
    Service {
        metadata: inputs.metadata(inputs.identity.name.clone()),
        spec: Some(ServiceSpec {
            selector: Some(inputs.identity.selector()),
            ports: Some(vec![ServicePort {
                name: Some(port::NAME.to_owned()),
                port: 80,
                target_port: Some(IntOrString::String(port::NAME.to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}
