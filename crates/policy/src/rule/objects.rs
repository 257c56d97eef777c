//! Rules of all objects, and what happens to input that holds none.

use super::text::Text;
use super::text::Topic::{Input, Object};

pub(super) const SCHEMA_TYPE: Text = Text::error(
    Object,
    "schema-type",
    "A value has another type than the schema asks for",
    "The API server refuses a number where the schema asks for a text, a text where it asks for a list, and so on. In YAML, put quotes around a text that looks like a number or like `true`, `yes`, `on` or `null`.",
)
.example("spec: {env: [{name: DEBUG, value: true}]}", "spec: {env: [{name: DEBUG, value: \"true\"}]}");

pub(super) const SCHEMA_REQUIRED: Text = Text::error(
    Object,
    "schema-required",
    "A field that the schema requires is missing",
    "Add the field. `kubectl explain function.spec` lists the fields of a Function with their descriptions.",
);

pub(super) const SCHEMA_VALUE: Text = Text::error(
    Object,
    "schema-value",
    "The schema does not allow this value",
    "The message says which values the schema allows: a list of words, a pattern, or a smallest or greatest number. `kubectl explain function.spec` describes each field.",
);

pub(super) const UNKNOWN_FIELD: Text = Text::error(
    Object,
    "unknown-field",
    "The schema has no field with this name",
    "Often the name is misspelt or the line has the wrong indentation. `kubectl apply` refuses such a field, too; with `--validate=false` the API server drops it, so it has no effect. Correct the name or remove the line.",
)
.example(
    "spec: {resorces: {requests: {cpu: 50m}}}",
    "spec: {resources: {requests: {cpu: 50m}}}",
);

pub(super) const TOO_MANY_ENTRIES: Text = Text::error(
    Object,
    "too-many-entries",
    "A list or a map has more than 1,000 entries",
    "The limit bounds the time and the memory that one object can cost. Split the object, or move the values into a ConfigMap that the Function reads.",
);

pub(super) const TEXT_TOO_LONG: Text = Text::error(
    Object,
    "text-too-long",
    "A text is longer than its field allows",
    "The source and the dependencies of a Function have at most 1 MiB each, the values of a Secret 1 MiB together, the URL of a repository 2,048 characters, and a directory or a reference 4,096. Move large files into a Git repository.",
);

pub(super) const API_VERSION_UNSUPPORTED: Text = Text::error(
    Object,
    "api-version-unsupported",
    "The cluster does not serve this version of the API",
    "Write the version that the message names.",
)
.example(
    "apiVersion: serverless.kyma-project.io/v1alpha2",
    "apiVersion: serverless.kyma-project.io/v1alpha1",
);

pub(super) const KIND_UNSUPPORTED: Text = Text::error(
    Object,
    "kind-unsupported",
    "The API group has no kind with this name",
    "The group `serverless.kyma-project.io` has the kinds `Function` and `GitRepository`, and `registry.mgoltzsche.github.com` has `ImageRegistry`, `ImageRegistryAccount`, `ImagePushSecret`, `ImagePullSecret` and `ImageBuildEnv`. Names of kinds start with a capital letter.",
)
.example("kind: Funktion", "kind: Function");

pub(super) const NAME_MISSING: Text = Text::error(
    Object,
    "name-missing",
    "The object has no name",
    "Set `metadata.name`, or `metadata.generateName` if the API server shall append five random characters.",
)
.example("metadata: {name: null}", "metadata: {name: demo}");

pub(super) const OBJECT_DUPLICATE: Text = Text::error(
    Object,
    "object-duplicate",
    "The input holds this object twice",
    "Two manifests have the same kind, namespace and name, so the one that is applied last wins. If both are the same in everything, this is a warning. Remove one of them, or give it another name or namespace. Check the folders of overlays, such as `dev` and `prod`, one at a time.",
);

pub(super) const OBJECT_NOT_RECOGNISED: Text = Text::warning(
    Input,
    "object-not-recognised",
    "An object looks as if the webhook should check it, but it does not",
    "The group, the label or the form is almost right, so the object is skipped, by the API server's webhooks, too. The message says what is different.",
);

pub(super) const UNREADABLE: Text = Text::error(
    Input,
    "unreadable",
    "A file or a document cannot be read",
    "The file is missing, is not text, or is neither YAML nor JSON. Templates of Helm are not YAML: render them first with `helm template`.",
);

pub(super) const NOT_AS_EXPECTED: Text = Text::error(
    Input,
    "not-as-expected",
    "An answer differs from the recorded one",
    "With `--expect`, `replay` compares each answer with `response.json`; with `--twice`, an object that is reviewed again must not change again. If the new answer is right, record it with `--record`.",
);
