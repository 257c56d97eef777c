//! Rules of the metadata and the source of a Function.

use super::text::Text;
use super::text::Topic::Function;

pub(super) const NAME_INVALID: Text = Text::error(
    Function,
    "name-invalid",
    "The name of a Function must be a DNS label",
    "A Service gets the name of the Function, so the name must be a DNS-1035 label: lower-case letters, digits and `-`, starting with a letter and ending with a letter or a digit.",
)
.example("metadata: {name: My_Function}", "metadata: {name: my-function}");

pub(super) const NAME_TOO_LONG: Text = Text::error(
    Function,
    "name-too-long",
    "The name of a Function has at most 51 characters",
    "The names of the objects that the controller makes start with it, and the longest of them, the build Job, appends 12 characters. Names of more than 63 characters cannot be values of labels. A `generateName` has at most 46 characters, since the API server appends five.",
)
.example(
    "metadata: {name: a-function-whose-name-says-all-there-is-to-say-about-it}",
    "metadata: {name: a-function-with-a-short-name}",
);

pub(super) const LABEL_RESERVED: Text = Text::error(
    Function,
    "label-reserved",
    "Labels of serverless.kyma-project.io belong to the controller",
    "The controller finds the objects that it makes by these labels. A Function may have only those that choose a preset: `replicas-preset`, `function-resources-preset` and `build-resources-preset`. Use a prefix of your own for your labels.",
)
.example(
    "metadata: {labels: {serverless.kyma-project.io/team: shop}}",
    "metadata: {labels: {example.com/team: shop}}",
);

pub(super) const PRESET_LABEL_UNKNOWN: Text = Text::warning(
    Function,
    "preset-label-unknown",
    "The label looks like one that chooses a preset, but no such label exists",
    "The label has no effect, so the Function gets the default preset. The message suggests the label that you most likely mean.",
)
.example(
    "metadata: {labels: {serverless.kyma-project.io/resources-preset: XL}}",
    "metadata: {labels: {serverless.kyma-project.io/function-resources-preset: XL}}",
);

pub(super) const PRESET_UNKNOWN: Text = Text::warning(
    Function,
    "preset-unknown",
    "The label chooses a preset that does not exist",
    "The Function gets the default preset. The message lists the presets of the installation.",
)
.example(
    "metadata: {labels: {serverless.kyma-project.io/replicas-preset: huge}}",
    "metadata: {labels: {serverless.kyma-project.io/replicas-preset: XL}}",
);

pub(super) const PRESET_UNUSED: Text = Text::warning(
    Function,
    "preset-unused",
    "The label chooses a preset, and the values that it would fill in are set",
    "A preset fills in what is absent, once. Values that are set, by you or by a preset before, stay. Remove them from the Function to have the new preset applied, for example with `kubectl edit`.",
);

pub(super) const GIT_POLL_INTERVAL: Text = Text::error(
    Function,
    "git-poll-interval",
    "The annotation gitPollInterval must be a time between 5s and 24h",
    "The controller asks the Git server this often for a new commit. Shorter times load the server, longer ones are better served by a new value of the annotation `rebuild`.",
)
.example(
    "metadata: {annotations: {serverless.kyma-project.io/gitPollInterval: 1s}}",
    "metadata: {annotations: {serverless.kyma-project.io/gitPollInterval: 30s}}",
);

pub(super) const REBUILD_TOO_LONG: Text = Text::error(
    Function,
    "rebuild-too-long",
    "The annotation rebuild has at most 253 bytes",
    "Any new value rebuilds the image. A date or a number is enough.",
);

pub(super) const SOURCE_TYPE_UNSUPPORTED: Text = Text::error(
    Function,
    "source-type-unsupported",
    "The source of a Function is of type inline or git",
    "With `inline`, which is the default, `spec.source` holds the code. With `git`, it names a GitRepository of the same namespace.",
)
.example(
    "spec: {type: svn}",
    "spec: {type: inline}",
);

pub(super) const SOURCE_MISSING: Text = Text::error(
    Function,
    "source-missing",
    "The Function has no source",
    "Write the code into `spec.source`; in a Function of type `git`, write the name of a GitRepository there.",
)
.example("spec: {source: \"\"}", "spec: {source: \"module.exports = { main: () => 1 }\"}");

pub(super) const SOURCE_REPOSITORY_NAME: Text = Text::error(
    Function,
    "source-repository-name",
    "The source of a Function of type git is the name of a GitRepository",
    "The address of the repository belongs into a GitRepository, and `spec.source` names that object.",
)
.example(
    "spec: {type: git, source: \"https://github.com/acme/shop.git\", baseDir: /, reference: main}",
    "spec: {type: git, source: shop, baseDir: /, reference: main}",
);

pub(super) const RUNTIME_UNSUPPORTED: Text = Text::error(
    Function,
    "runtime-unsupported",
    "The installation has no runtime with this name",
    "The message lists the runtimes of the installation. A Function without `spec.runtime` gets the default one.",
)
.example("spec: {runtime: nodejs8}", "spec: {runtime: nodejs22}");

pub(super) const RUNTIME_DEPRECATED: Text = Text::warning(
    Function,
    "runtime-deprecated",
    "The runtime should not be used any more",
    "Most often its language version gets no security fixes. The message says why, and names the runtime to use. A Function without `spec.runtime` gets the default one, which may be deprecated, too.",
)
.example("spec: {runtime: nodejs12}", "spec: {runtime: nodejs22}");

pub(super) const DEPS_NOT_PACKAGE_JSON: Text = Text::error(
    Function,
    "deps-not-package-json",
    "The dependencies of a Node.js Function must be a package.json",
    "`spec.deps` holds the text of a `package.json`, which is a JSON object. Only Python Functions have lines such as `requests==2.32.0`.",
)
.example(
    "spec: {runtime: nodejs22, deps: \"lodash@4.17.21\"}",
    "spec: {runtime: nodejs22, deps: '{\"dependencies\": {\"lodash\": \"4.17.21\"}}'}",
);

pub(super) const DEPS_INVALID_JSON: Text = Text::warning(
    Function,
    "deps-invalid-json",
    "The dependencies of a Node.js Function are not valid JSON",
    "The build fails when npm reads them. The message names the line and the column in `spec.deps`; a comma before a closing bracket is the most frequent cause.",
)
.example(
    "spec: {runtime: nodejs22, deps: '{\"dependencies\": {\"lodash\": \"4.17.21\",}}'}",
    "spec: {runtime: nodejs22, deps: '{\"dependencies\": {\"lodash\": \"4.17.21\"}}'}",
);

pub(super) const BASE_DIR_MISSING: Text = Text::error(
    Function,
    "base-dir-missing",
    "A Function of type git names the directory that holds it",
    "Set `spec.baseDir` to the directory in the repository; `/` is the root.",
)
.example(
    "spec: {type: git, source: shop, reference: main}",
    "spec: {type: git, source: shop, reference: main, baseDir: functions/orders}",
);

pub(super) const BASE_DIR_OUTSIDE_REPOSITORY: Text = Text::error(
    Function,
    "base-dir-outside-repository",
    "The directory of a Function must not leave the repository",
    "Write the path from the root of the repository, without `..`.",
)
.example(
    "spec: {type: git, source: shop, reference: main, baseDir: ../orders}",
    "spec: {type: git, source: shop, reference: main, baseDir: orders}",
);

pub(super) const REFERENCE_MISSING: Text = Text::error(
    Function,
    "reference-missing",
    "A Function of type git names a branch, a tag or a commit",
    "Set `spec.reference`. With a branch, each new commit rebuilds the Function.",
)
.example(
    "spec: {type: git, source: shop, baseDir: /}",
    "spec: {type: git, source: shop, baseDir: /, reference: main}",
);

pub(super) const POD_LABEL_INVALID: Text = Text::error(
    Function,
    "pod-label-invalid",
    "The key or the value of a label of the Pods is malformed",
    "The Pods of the Function get the labels of `spec.labels`. A key is a name of at most 63 letters, digits, `-`, `_` or `.`, with an optional prefix such as `example.com/`. A value has the same characters or is empty.",
)
.example("spec: {labels: {team: \"shop & co\"}}", "spec: {labels: {team: shop}}");

pub(super) const POD_LABEL_RESERVED: Text = Text::error(
    Function,
    "pod-label-reserved",
    "The controller sets this label on the Pods itself",
    "The Deployment and the Service find the Pods of the Function by these labels. Use another key.",
)
.example(
    "spec: {labels: {serverless.kyma-project.io/uuid: \"1\"}}",
    "spec: {labels: {example.com/id: \"1\"}}",
);
