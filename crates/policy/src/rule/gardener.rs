//! Rules of the documents of Gardener's registry-cache extension.

use super::text::Text;
use super::text::Topic::Gardener;

pub(super) const GARDENER_DECODING: Text = Text::error(
    Gardener,
    "gardener-decoding",
    "A document of Gardener is missing, or cannot be read",
    "The extensions `registry-cache` and `registry-mirror` of a Shoot have a `providerConfig`: a `RegistryConfig` of `registry.extensions.gardener.cloud/v1alpha3`, and a `MirrorConfig` of `mirror.extensions.gardener.cloud/v1alpha1`. Both are read strictly: a field that is misspelt, or that only a RegistryCache has, is refused.",
)
.example(
    "caches: [{upstream: docker.io, remoteUrl: \"https://registry-1.docker.io\"}]",
    "caches: [{upstream: docker.io, remoteURL: \"https://registry-1.docker.io\"}]",
);

pub(super) const GARDENER_RUNTIME: Text = Text::error(
    Gardener,
    "gardener-runtime",
    "A worker of a Shoot with caches or mirrors does not run containerd",
    "Caches and mirrors are configured in the files of containerd. Set `cri.name: containerd` for each worker, or leave `cri` out.",
);

pub(super) const GARDENER_CACHES: Text = Text::error(
    Gardener,
    "gardener-caches",
    "The list of caches is empty, or has an upstream or a suffix twice",
    "There is one cache for each upstream, and one Service for each `serviceNameSuffix`. Without caches, remove the extension.",
)
.example(
    "caches: [{upstream: docker.io}, {upstream: docker.io}]",
    "caches: [{upstream: docker.io}, {upstream: quay.io}]",
);

pub(super) const GARDENER_MIRRORS: Text = Text::error(
    Gardener,
    "gardener-mirrors",
    "The mirrors of an upstream are missing, there twice, or beside a cache of it",
    "Each upstream is there once and has at least one host; each host and each capability is there once, and capabilities are `pull` and `resolve`. An upstream has mirrors or a cache, not both.",
);

pub(super) const GARDENER_REFERENCE: Text = Text::error(
    Gardener,
    "gardener-reference",
    "A Shoot has no resource of the name that a document refers to",
    "`secretReferenceName` and `caBundleSecretReferenceName` are the name of an entry of `spec.resources` of the Shoot, whose `resourceRef` names a Secret in the namespace of the Shoot. They are not the name of the Secret.",
);

pub(super) const GARDENER_CA_BUNDLE: Text = Text::error(
    Gardener,
    "gardener-ca-bundle",
    "The Secret with the authority of a mirror is malformed",
    "It is immutable and has the key `bundle.crt` alone, with certificates in PEM.",
);

pub(super) const GARDENER_SECRET_UNSEEN: Text = Text::warning(
    Gardener,
    "gardener-secret-unseen",
    "A Secret that a Shoot refers to was not judged",
    "`check` judges a Secret that is among the manifests that it is given. The webhook reads no Secrets: it judges those with the label `serverless.kyma-project.io/upstream-credentials: config` when they are written.",
);

pub(super) const GARDENER_ZERO_VALUE: Text = Text::warning(
    Gardener,
    "gardener-zero-value",
    "A member is left out where Gardener reads zero and not its default",
    "`garbageCollection: {}` means `ttl: 0s`, with which images are never deleted, and `http: {}` means `tls: false`. Write the member, or leave out the object that it is in.",
);
