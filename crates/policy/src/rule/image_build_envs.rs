//! Rules of an `ImageBuildEnv`.

use super::text::Text;
use super::text::Topic::ImageBuildEnv;

pub(super) const BUILD_ENV_NAME_LENGTH: Text = Text::error(
    ImageBuildEnv,
    "build-env-name-length",
    "The name is too long for the name of its Secret",
    "The Secret is named `imagebuildenv-<name>-conf`, and the name of an object has at most 253 characters. So the name has at most 234.",
);

pub(super) const BUILD_ENV_REDIS_NAME: Text = Text::error(
    ImageBuildEnv,
    "build-env-redis-name",
    "The Redis of the ImageBuildEnv would have a name that no Service has",
    "The Service is named `imagebuildenv-<name>-redis`, which must be a DNS label of at most 63 characters. So with `redis: true` the name has at most 43 characters and no dot.",
)
.example(
    "{metadata: {name: my.builds}, spec: {redis: true}}",
    "{metadata: {name: my-builds}, spec: {redis: true}}",
);

pub(super) const BUILD_ENV_EMPTY: Text = Text::error(
    ImageBuildEnv,
    "build-env-empty",
    "The ImageBuildEnv holds nothing",
    "List the Secrets with docker configurations in `spec.secrets`, or set `redis: true`.",
)
.example("spec: {secrets: []}", "spec: {secrets: [{secretName: imagepushsecret-example}]}");

pub(super) const BUILD_ENV_SECRET_DUPLICATE: Text = Text::error(
    ImageBuildEnv,
    "build-env-secret-duplicate",
    "A Secret is listed twice",
    "Later Secrets win over earlier ones, so a second mention changes nothing. Remove one.",
)
.example(
    "spec: {secrets: [{secretName: a}, {secretName: a}]}",
    "spec: {secrets: [{secretName: a}, {secretName: b}]}",
);

pub(super) const BUILD_ENV_OWN_SECRET: Text = Text::error(
    ImageBuildEnv,
    "build-env-own-secret",
    "The ImageBuildEnv lists the Secret that it becomes",
    "It would be made from itself, and credentials that were removed would stay in it for ever. Remove the entry.",
)
.example(
    "spec: {secrets: [{secretName: imagebuildenv-demo-conf}]}",
    "spec: {secrets: [{secretName: imagepushsecret-demo}]}",
);
