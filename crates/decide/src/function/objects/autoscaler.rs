//! The autoscaler, for Functions that may have more Pods than their minimum.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec,
    MetricTarget, ResourceMetricSource,
};

use crate::function::inputs::Inputs;
use crate::function::model::Function;

/// Whether an autoscaler sets the number of Pods.
pub(super) fn is_scaled(function: &Function) -> bool {
    let min = function.min_replicas.unwrap_or(1);
    function.max_replicas.is_some_and(|max| max > min)
}

/// The autoscaler; `None` if the number of Pods is fixed.
#[must_use]
pub(crate) fn autoscaler(inputs: &Inputs<'_>) -> Option<HorizontalPodAutoscaler> {
    let function = inputs.function;
    let max_replicas = function.max_replicas.filter(|_| is_scaled(function))?;
    let child = inputs.identity.child();
    let cpu = MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource {
            name: "cpu".to_owned(),
            target: MetricTarget {
                type_: "Utilization".to_owned(),
                average_utilization: Some(inputs.config.target_cpu),
                ..MetricTarget::default()
            },
        }),
        ..MetricSpec::default()
    };
    Some(HorizontalPodAutoscaler {
        metadata: inputs.metadata(child.clone()),
        spec: HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: child,
            },
            min_replicas: function.min_replicas,
            max_replicas,
            metrics: Some(vec![cpu]),
            behavior: None,
        },
        status: None,
    })
}
