//! The Function: a piece of source code that becomes an image, a Deployment and a Service.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::EnvVar;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cel;
use crate::condition::Condition;
use crate::limits;
use crate::quantity::RawQuantity;

/// What its author asks of a Function.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "serverless.kyma-project.io",
    version = "v1alpha1",
    kind = "Function",
    plural = "functions",
    shortname = "fn",
    namespaced,
    status = "FunctionStatus",
    scale(spec_replicas_path = ".spec.minReplicas", status_replicas_path = ".status.replicas"),
    derive = "PartialEq",
    validation = cel::function_name(),
    validation = cel::function_name_length(),
    doc = "A Function is source code, inline or in a Git repository, that is built into an image and served over HTTP. Three labels in metadata.labels choose presets for what spec leaves out: serverless.kyma-project.io/replicas-preset (minReplicas, maxReplicas), serverless.kyma-project.io/function-resources-preset (resources) and serverless.kyma-project.io/build-resources-preset (buildResources). A preset is applied once: remove the values to have another one applied.",
    printcolumn(
        name = "Configured",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='ConfigurationReady')].status",
        description = "Whether the source of the Function is in place"
    ),
    printcolumn(
        name = "Built",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='BuildReady')].status",
        description = "Whether the image of the Function is built"
    ),
    printcolumn(
        name = "Running",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Running')].status",
        description = "Whether the Function serves requests"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason",
        description = "Why the Function is ready, or is not"
    ),
    printcolumn(
        name = "Runtime",
        type_ = "string",
        json_path = ".status.runtime",
        description = "The runtime that the Function was built for"
    ),
    printcolumn(
        name = "Version",
        type_ = "integer",
        json_path = ".metadata.generation",
        description = "How often the specification has changed"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Time since the Function was created"
    ),
    printcolumn(
        name = "URL",
        type_ = "string",
        json_path = ".status.url",
        priority = 1,
        description = "Where the cluster calls the Function"
    ),
    printcolumn(
        name = "Image",
        type_ = "string",
        json_path = ".status.image",
        priority = 1,
        description = "The image that runs"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].message",
        priority = 1,
        description = "Why the Function is ready, or is not, in a sentence"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = cel::replicas_in_order(),
    validation = cel::git_source(),
    validation = cel::git_base_dir(),
    validation = cel::git_base_dir_inside(),
    validation = cel::git_reference()
)]
pub struct FunctionSpec {
    /// The source code, or the name of a `GitRepository` of the same namespace when `type` is `git`.
    // A missing source decodes as a blank one, so that validation reports it together with all other violations.
    #[serde(default)]
    #[schemars(!default, length(max = limits::TEXT_MAX))]
    #[x_kube(validation = cel::source())]
    pub source: String,
    /// The dependencies: the content of package.json for Node.js, of requirements.txt for Python.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::TEXT_MAX))]
    pub deps: Option<String>,
    /// The runtime, one of those that the installation offers. Filled in when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    pub runtime: Option<String>,
    /// Environment variables of the running Function.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "maxItems" = limits::ENTRIES_MAX), transform = env_schema)]
    pub env: Option<Vec<EnvVar>>,
    /// Compute resources of each Pod of the Function. Filled in from a preset where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Compute resources of the Job that builds the image. Filled in from a preset where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_resources: Option<Resources>,
    /// The least number of Pods. Filled in from a preset when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub min_replicas: Option<i32>,
    /// The greatest number of Pods. Filled in from a preset when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_replicas: Option<i32>,
    /// Labels of the Pods of the Function.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = limits::ENTRIES_MAX), transform = label_values)]
    #[x_kube(validation = cel::labels_not_owned(), validation = cel::label_keys())]
    pub labels: Option<BTreeMap<String, String>>,
    /// Where the source is: `git` for a `GitRepository`, `inline` or nothing for `source` itself.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["", "inline", "git"]))]
    pub source_type: Option<String>,
    /// The directory of the repository that holds the Function; `/` is its root. For `type: git`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::PATH_MAX))]
    pub base_dir: Option<String>,
    /// The branch, tag or commit to build. For `type: git`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::PATH_MAX))]
    pub reference: Option<String>,
}

/// The checks of an environment variable that the API server makes by itself.
fn env_schema(schema: &mut schemars::Schema) {
    let Some(entry) = schema.pointer_mut("/items").and_then(|items| items.as_object_mut()) else { return };
    if let Some(name) = entry.get_mut("properties").and_then(|properties| properties.pointer_mut("/name")) {
        name["pattern"] = "^([-_a-zA-Z]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$".into();
    }
    for text in [
        "configMapKeyRef/properties/name",
        "configMapKeyRef/properties/key",
        "secretKeyRef/properties/name",
        "secretKeyRef/properties/key",
        "fieldRef/properties/fieldPath",
        "resourceFieldRef/properties/resource",
    ] {
        let pointer = format!("/valueFrom/properties/{text}");
        if let Some(text) =
            entry.get_mut("properties").and_then(|properties| properties.pointer_mut(&pointer))
        {
            text["minLength"] = 1.into();
        }
    }
    entry.insert(
        "x-kubernetes-validations".to_owned(),
        serde_json::json!([cel::one_value(), cel::one_source()]),
    );
}

/// The checks of a label of Pods that the API server makes by itself.
fn label_values(schema: &mut schemars::Schema) {
    if let Some(value) = schema.pointer_mut("/additionalProperties") {
        value["maxLength"] = 63.into();
        value["pattern"] = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$".into();
    }
}

impl FunctionSpec {
    /// Whether the source is in a Git repository.
    #[must_use]
    pub fn is_git(&self) -> bool {
        self.source_type.as_deref() == Some("git")
    }
}

/// Compute resources by name, such as cpu and memory.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[x_kube(validation = cel::limits_hold_requests())]
pub struct Resources {
    /// The most that may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = limits::ENTRIES_MAX))]
    #[x_kube(validation = cel::not_negative())]
    pub limits: Option<BTreeMap<String, RawQuantity>>,
    /// What is set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = limits::ENTRIES_MAX))]
    #[x_kube(validation = cel::not_negative())]
    pub requests: Option<BTreeMap<String, RawQuantity>>,
}

/// What the controller has observed of a Function.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionStatus {
    /// The stages that a Function goes through: `ConfigurationReady`, `BuildReady`, `Running`; and their summary, `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Option<Vec<Condition>>,
    /// The directory of the repository that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_dir: Option<String>,
    /// The branch, tag or commit that was asked for when it was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The commit that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The source, or the name of the `GitRepository`, that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The runtime that was built for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// The image that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Where the cluster calls the Function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The number of its Pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
}
