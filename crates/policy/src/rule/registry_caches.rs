//! Rules of a `RegistryCache`.

use super::text::Text;
use super::text::Topic::RegistryCache;

pub(super) const CACHE_UPSTREAM: Text = Text::error(
    RegistryCache,
    "cache-upstream",
    "The host of an upstream or an address is missing or malformed",
    "An upstream is the host in the names of the images, in lower case, with a port between 1 and 65535 if the names have one. It has no scheme and no path: those are for `remoteURL`.",
)
.example("spec: {upstream: \"https://docker.io\"}", "spec: {upstream: docker.io}");

pub(super) const CACHE_URL: Text = Text::error(
    RegistryCache,
    "cache-url",
    "The address of an upstream or a proxy is malformed",
    "An address is `http://` or `https://`, a host and perhaps a port. Credentials belong into the Secret that `secretReferenceName` names.",
)
.example(
    "spec: {remoteURL: \"https://mirror.example.com/v2\"}",
    "spec: {remoteURL: \"https://mirror.example.com\"}",
);

pub(super) const CACHE_REMOTE_CA: Text = Text::error(
    RegistryCache,
    "cache-remote-ca",
    "The authority of the upstream is not one",
    "It is in `pem`, as certificates, or in the Secret that `secretName` names, as `ca.crt`. Set one of them.",
)
.example("spec: {remoteCA: {pem: a certificate}}", "spec: {remoteCA: {secretName: my-ca}}");

pub(super) const CACHE_VOLUME_SIZE: Text = Text::error(
    RegistryCache,
    "cache-volume-size",
    "The volume of a cache has no valid size",
    "The size is a quantity greater than 0, such as `10Gi`.",
)
.example("spec: {volume: {size: 0}}", "spec: {volume: {size: 10Gi}}");

pub(super) const CACHE_TTL: Text = Text::error(
    RegistryCache,
    "cache-ttl",
    "The time after which a cache deletes an image is no duration",
    "It is a duration that is not negative, such as `168h`. `0s` caches images for ever.",
)
.example("spec: {garbageCollection: {ttl: 7d}}", "spec: {garbageCollection: {ttl: 168h}}");

pub(super) const CACHE_NO_PROXY: Text = Text::error(
    RegistryCache,
    "cache-no-proxy",
    "The hosts without a proxy are malformed",
    "`noProxy` holds hosts, domains and networks with commas between them, as the variable `NO_PROXY`.",
)
.example("spec: {proxy: {noProxy: a;b}}", "spec: {proxy: {noProxy: \"10.0.0.0/8,.example.com\"}}");

pub(super) const CACHE_SERVICE_SUFFIX: Text = Text::error(
    RegistryCache,
    "cache-service-suffix",
    "The suffix of the Service of a cache is malformed",
    "The Service is named `registry-<suffix>`, which must be a DNS label. So the suffix has at most 54 characters and no dot.",
)
.example("spec: {serviceNameSuffix: docker.io}", "spec: {serviceNameSuffix: docker-hub}");

pub(super) const CACHE_AUTHORIZE_TLS: Text = Text::error(
    RegistryCache,
    "cache-authorize-tls",
    "A cache asks for credentials without TLS",
    "With `access: Authorize`, nodes send the pull secrets of Pods to the cache. Without TLS, everybody on the network could read them.",
)
.example(
    "spec: {access: Authorize, http: {tls: false}}",
    "spec: {access: Authorize, http: {tls: true}}",
);

pub(super) const CACHE_REGISTRY_VERSION: Text = Text::error(
    RegistryCache,
    "cache-registry-version",
    "The version of the registry is too old, or not one",
    "Versions of distribution before 3.1.1 send the credentials of the upstream to any host that the upstream names (CVE-2026-33540).",
)
.example("spec: {registryVersion: 2.8.3}", "spec: {registryVersion: 3.1.2}");

pub(super) const CACHE_FIXED: Text = Text::error(
    RegistryCache,
    "cache-fixed",
    "A field of a cache changes that cannot change",
    "The upstream, the volume, and garbage collection that is off stay as they are. Delete the cache and create another one: it fills again.",
);

pub(super) const CACHE_OPEN: Text = Text::warning(
    RegistryCache,
    "cache-open",
    "A cache with credentials gives private images to everything in the cluster",
    "The cache pulls with its own credentials, so it serves whatever they can read. With `access: Authorize`, a Pod needs a pull secret that the upstream accepts for the image. Images stay in the cache when `access` changes from `Authorize` to `Open`, and when the credentials are removed.",
)
.example(
    "spec: {secretReferenceName: hub, access: Open}",
    "spec: {secretReferenceName: hub, access: Authorize}",
);

pub(super) const CACHE_CREDENTIALS_OVER_HTTP: Text = Text::warning(
    RegistryCache,
    "cache-credentials-over-http",
    "A cache sends credentials without encryption",
    "Everybody between the cache and the upstream can read them: those of the cache, and with `access: Authorize` those of Pods. Use an address with `https://`, and `remoteCA` if its certificate has an authority of its own.",
)
.example(
    "spec: {secretReferenceName: hub, remoteURL: \"http://mirror.example.com\"}",
    "spec: {secretReferenceName: hub, remoteURL: \"https://mirror.example.com\"}",
);

pub(super) const CACHE_MOVED: Text = Text::warning(
    RegistryCache,
    "cache-moved",
    "A cache gets its images from another address",
    "What is in the cache stays there, and is served by the same names until it is deleted (`garbageCollection.ttl`). If the new address leads to another registry with other images, delete the RegistryCache and create it again: it is empty then.",
);

pub(super) const CACHE_NAME_COLLISION: Text = Text::error(
    RegistryCache,
    "cache-name-collision",
    "The objects of two caches would have the same names",
    "In names, `.` and `:` of an upstream become `-`, so `a.b:5000` and `a-b-5000` have one name, and so have two caches of one upstream. A `serviceNameSuffix` gives the Service another name, and no other object.",
);
