//! Rules of the environment variables of a Function.

use super::text::Text;
use super::text::Topic::Function;

pub(super) const ENV_NAME_MISSING: Text = Text::error(
    Function,
    "env-name-missing",
    "An environment variable has no name",
    "Give each entry of `spec.env` a `name`.",
)
.example("spec: {env: [{name: \"\", value: a}]}", "spec: {env: [{name: MODE, value: a}]}");

pub(super) const ENV_NAME_INVALID: Text = Text::error(
    Function,
    "env-name-invalid",
    "The name of an environment variable is malformed",
    "A name has letters, digits, `_`, `-` and `.`, and does not start with a digit or with `..`.",
)
.example("spec: {env: [{name: 1ST, value: a}]}", "spec: {env: [{name: FIRST, value: a}]}");

pub(super) const ENV_NAME_RESERVED: Text = Text::error(
    Function,
    "env-name-reserved",
    "The runtime sets this environment variable itself",
    "The server that runs the Function reads these variables, so another value would break it. Choose another name. `reservedEnvs` in the configuration of the webhook lists the names.",
)
.example("spec: {env: [{name: FUNC_PORT, value: \"80\"}]}", "spec: {env: [{name: SHOP_PORT, value: \"80\"}]}");

pub(super) const ENV_NAME_DUPLICATE: Text = Text::error(
    Function,
    "env-name-duplicate",
    "Two environment variables have the same name",
    "The container would see only one of them. Remove the other one.",
)
.example(
    "spec: {env: [{name: MODE, value: a}, {name: MODE, value: b}]}",
    "spec: {env: [{name: MODE, value: b}]}",
);

pub(super) const ENV_TWO_VALUES: Text = Text::error(
    Function,
    "env-two-values",
    "An environment variable has both value and valueFrom",
    "The API server refuses such a variable in a Pod, so the Function could never run. Keep one of them.",
)
.example(
    "spec: {env: [{name: MODE, value: a, valueFrom: {configMapKeyRef: {name: shop, key: mode}}}]}",
    "spec: {env: [{name: MODE, valueFrom: {configMapKeyRef: {name: shop, key: mode}}}]}",
);

pub(super) const VALUE_FROM_SOURCE: Text = Text::error(
    Function,
    "value-from-source",
    "valueFrom must have exactly one source",
    "The API server refuses a variable without a source, or with two, in a Pod, so the Function could never run. The sources are `configMapKeyRef`, `secretKeyRef`, `fieldRef`, `resourceFieldRef` and `fileKeyRef`.",
)
.example(
    "spec: {env: [{name: MODE, valueFrom: {}}]}",
    "spec: {env: [{name: MODE, valueFrom: {configMapKeyRef: {name: shop, key: mode}}}]}",
);

pub(super) const VALUE_FROM_KEY: Text = Text::error(
    Function,
    "value-from-key",
    "The name or the key of a ConfigMap, Secret or file is missing or malformed",
    "`configMapKeyRef` and `secretKeyRef` need `name` and `key`; `fileKeyRef` needs `volumeName`, `path` and `key`. A key has letters, digits, `-`, `_` and `.`.",
)
.example(
    "spec: {env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: redis, key: \"pass word\"}}}]}",
    "spec: {env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: redis, key: password}}}]}",
);

pub(super) const VALUE_FROM_FIELD: Text = Text::error(
    Function,
    "value-from-field",
    "fieldRef names a field that a Pod does not offer",
    "A Pod offers its name, namespace, UID, node, service account and addresses, and single labels and annotations, such as `metadata.labels['app']`. The message lists them.",
)
.example(
    "spec: {env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.node}}}]}",
    "spec: {env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}",
);

pub(super) const VALUE_FROM_RESOURCE: Text = Text::error(
    Function,
    "value-from-resource",
    "resourceFieldRef names an unknown resource or divisor",
    "The resources are the requests and limits of `cpu`, `memory`, `ephemeral-storage` and huge pages. The divisor is `1` or `1m` for CPU, and one of `1`, `1k`, `1M`, `1Ki`, `1Mi` and so on for the others.",
)
.example(
    "spec: {env: [{name: MEMORY, valueFrom: {resourceFieldRef: {resource: memory}}}]}",
    "spec: {env: [{name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}]}",
);
