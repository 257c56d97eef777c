//! Rules of the replicas and the compute resources of a Function.

use super::text::Text;
use super::text::Topic::Function;

pub(super) const REPLICAS_MIN_ABOVE_MAX: Text = Text::error(
    Function,
    "replicas-min-above-max",
    "maxReplicas is less than minReplicas",
    "The autoscaler needs a range. Raise `maxReplicas` or lower `minReplicas`.",
)
.example("spec: {minReplicas: 3, maxReplicas: 2}", "spec: {minReplicas: 2, maxReplicas: 3}");

pub(super) const REPLICAS_BELOW_MINIMUM: Text = Text::error(
    Function,
    "replicas-below-minimum",
    "A number of replicas is below the minimum of the installation",
    "The message names the minimum, which is `function.replicas.minValue` in the configuration of the webhook. A Function cannot scale to zero.",
)
.example("spec: {minReplicas: 0, maxReplicas: 2}", "spec: {minReplicas: 1, maxReplicas: 2}");

pub(super) const RESOURCE_NAME_INVALID: Text = Text::error(
    Function,
    "resource-name-invalid",
    "A request or a limit names an unknown resource",
    "The API server refuses such a resource in a Pod, so the Function could never run. Resources are `cpu`, `memory`, `ephemeral-storage`, `hugepages-<size>`, and those with a prefix, such as `example.com/gpu`.",
)
.example("spec: {resources: {limits: {gpu: 1}}}", "spec: {resources: {limits: {memory: 256Mi}}}");

pub(super) const QUANTITY_INVALID: Text = Text::error(
    Function,
    "quantity-invalid",
    "A request or a limit is not a quantity, or is negative",
    "Quantities look like `100m`, `0.5`, `64Mi` or `1e3`. `Mi` and `Gi` are powers of 1,024, `M` and `G` powers of 1,000, and `m` is a thousandth, which is almost never meant for memory.",
)
.example(
    "spec: {resources: {limits: {memory: 256 MB}}}",
    "spec: {resources: {limits: {memory: 256Mi}}}",
);

pub(super) const RESOURCE_BELOW_MINIMUM: Text = Text::error(
    Function,
    "resource-below-minimum",
    "A request or a limit is below the minimum of the installation",
    "The message names the minimum, which is `minRequestCpu` or `minRequestMemory` in the configuration of the webhook. A value that you did not write comes from a preset, which the message then names.",
)
.example(
    "spec: {resources: {requests: {memory: 1Mi}}}",
    "spec: {resources: {requests: {memory: 64Mi}}}",
);

pub(super) const LIMIT_BELOW_REQUEST: Text = Text::error(
    Function,
    "limit-below-request",
    "A limit is less than the request",
    "The API server refuses such a container. Raise the limit or lower the request. For huge pages and resources with a prefix, such as `example.com/gpu`, both must be equal.",
)
.example(
    "spec: {resources: {requests: {cpu: 200m}, limits: {cpu: 100m}}}",
    "spec: {resources: {requests: {cpu: 100m}, limits: {cpu: 200m}}}",
);
