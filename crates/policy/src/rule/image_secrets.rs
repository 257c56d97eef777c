//! Rules of an `ImagePushSecret` and an `ImagePullSecret`.

use super::text::Text;
use super::text::Topic::ImageSecret;

pub(super) const IMAGE_SECRET_NAME_LENGTH: Text = Text::error(
    ImageSecret,
    "image-secret-name-length",
    "The name is too long for the name of its Secret",
    "The Secret is named `imagepushsecret-<name>` or `imagepullsecret-<name>`, and the name of an object has at most 253 characters. So the name has at most 237.",
);

pub(super) const REGISTRY_REFERENCE: Text = Text::error(
    ImageSecret,
    "registry-reference",
    "The reference to a registry cannot name one",
    "`spec.registryRef` names an ImageRegistry: its name, not its hostname, and its namespace if it is another one. Without `registryRef`, the default registry of the installation is used.",
)
.example(
    "spec: {registryRef: {name: registry.infra.svc.cluster.local}}",
    "spec: {registryRef: {name: registry, namespace: infra}}",
);

pub(super) const ROTATION_INTERVAL: Text = Text::error(
    ImageSecret,
    "rotation-interval",
    "The life of a password is not a duration within its bounds",
    "`spec.rotationInterval` is a duration such as `12h`; there is no unit for days. It is how long a password is valid, two minutes at least.",
)
.example("spec: {rotationInterval: 1d}", "spec: {rotationInterval: 24h}");

pub(super) const ROTATION_OVERLAP: Text = Text::error(
    ImageSecret,
    "rotation-overlap",
    "The time in which two passwords are valid does not fit the interval",
    "A new password is valid for `overlap` before the old one ends, so that whoever reads the Secret again in this time never fails. An account has two valid passwords at most, so the overlap is at most half the `rotationInterval`, which is the default, too.",
)
.example(
    "spec: {rotationInterval: 24h, overlap: 18h}",
    "spec: {rotationInterval: 24h, overlap: 6h}",
);

pub(super) const SECRET_OF_FUNCTIONS: Text = Text::error(
    ImageSecret,
    "secret-of-functions",
    "The Secret has the name of the registry Secret of Functions",
    "Functions use the Secret `serverless-registry-config` of their namespace. `spec.forFunctions: true` of an ImagePushSecret writes it, with all that Functions need; `spec.secretName` must not be set then.",
)
.example(
    "spec: {secretName: serverless-registry-config}",
    "spec: {forFunctions: true}",
);
