//! Rules of the registries of nodes.

use super::text::Text;
use super::text::Topic::ContainerRegistries;

pub(super) const CONTAINER_REGISTRIES_MISSING: Text = Text::error(
    ContainerRegistries,
    "container-registries-missing",
    "The value containerRegistries is missing, or is there twice",
    "The text below `values` of a labelled Secret holds `containerRegistries` at its top, in `connectivity`, in `global.connectivity` or in `global.components.containerd`, in one of these places.",
)
.example("connectivity: {}", "connectivity: {containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}}");

pub(super) const CONTAINER_REGISTRIES_YAML: Text = Text::error(
    ContainerRegistries,
    "container-registries-yaml",
    "The values are not YAML, or hold a key twice",
    "The message names the line in the values. It repeats nothing of them, since they may hold credentials.",
);

pub(super) const CONTAINER_REGISTRIES_TYPE: Text = Text::error(
    ContainerRegistries,
    "container-registries-type",
    "A field has a wrong type",
    "Texts such as a password of digits need quotes; flags need none.",
)
.example(
    "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, skipVerify: \"true\"}]}",
    "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, skipVerify: true}]}",
);

pub(super) const CONTAINER_REGISTRIES_KEY: Text = Text::error(
    ContainerRegistries,
    "container-registries-key",
    "A key is unknown",
    "A misspelt key would be ignored, and the nodes would not do what its author wants.",
)
.example(
    "containerRegistries: {registry.example.com: [{endpont: registry.example.com}]}",
    "containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}",
);

pub(super) const REGISTRY_HOST_INVALID: Text = Text::error(
    ContainerRegistries,
    "registry-host-invalid",
    "A registry is not named by its host",
    "The keys of `containerRegistries` are hosts as names of images begin: `host[:port]`, in lower case, without scheme and path, an IPv6 address in brackets. `_default`, or `*`, stands for all hosts that are not named.",
)
.example("containerRegistries: {\"https://registry.example.com\": [{endpoint: registry.example.com}]}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}");

pub(super) const REGISTRY_HOST_DUPLICATE: Text = Text::error(
    ContainerRegistries,
    "registry-host-duplicate",
    "A registry is there under two names",
    "`docker.io`, `index.docker.io` and `registry-1.docker.io` are one registry; so are `_default` and `*`.",
)
.example(
    "containerRegistries: {docker.io: [{endpoint: localhost}], index.docker.io: [{endpoint: localhost}]}",
    "containerRegistries: {docker.io: {fallback: None, endpoints: [{endpoint: localhost, dialTimeout: 1s}]}}",
);

pub(super) const REGISTRY_FALLBACK: Text = Text::error(
    ContainerRegistries,
    "registry-fallback",
    "The fallback is neither Upstream nor None",
    "With `fallback: Upstream`, which is the default, a node asks the registry itself if no endpoint has an image. With `fallback: None` the pull fails.",
)
.example("containerRegistries: {registry.example.com: {fallback: Never, endpoints: [{endpoint: registry.example.com}]}}", "containerRegistries: {registry.example.com: {fallback: None, endpoints: [{endpoint: registry.example.com}]}}");

pub(super) const REGISTRY_ENDPOINTS_EMPTY: Text = Text::error(
    ContainerRegistries,
    "registry-endpoints-empty",
    "A registry has no endpoint",
    "A node would be configured with nothing. Remove the registry, or list an endpoint.",
)
.example(
    "containerRegistries: {registry.example.com: []}",
    "containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}",
);

pub(super) const REGISTRY_CACHE_ADDRESS: Text = Text::error(
    ContainerRegistries,
    "registry-cache-address",
    "The address of a cache is incomplete or malformed",
    "`managementClusterRegistryCache` is at `zot.<managementCluster>.<baseDomain>`, from `global.managementCluster` and `global.connectivity.baseDomain`. `localRegistryCache` is at a port of each node.",
)
.example("localRegistryCache: {enabled: true, mirroredRegistries: [], port: 0}", "localRegistryCache: {enabled: true, mirroredRegistries: [], port: 32767}");

pub(super) const ENDPOINT_MISSING: Text = Text::error(
    ContainerRegistries,
    "endpoint-missing",
    "An item has no endpoint",
    "Each item of a registry has an `endpoint`: `host[:port]` of a server that images are pulled from.",
)
.example(
    "containerRegistries: {registry.example.com: [{skipVerify: true}]}",
    "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, skipVerify: true}]}",
);

pub(super) const ENDPOINT_INVALID: Text = Text::error(
    ContainerRegistries,
    "endpoint-invalid",
    "An endpoint does not have the form host[:port]",
    "An endpoint has no scheme, no user, no quote and no control character. It has a path only with `overridePath: true`. Nodes use HTTPS; `insecure: true` is for plain HTTP.",
)
.example("containerRegistries: {registry.example.com: [{endpoint: \"http://registry.example.com\"}]}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, insecure: true}]}");

pub(super) const ENDPOINT_DUPLICATE: Text = Text::error(
    ContainerRegistries,
    "endpoint-duplicate",
    "An endpoint of a registry is there twice",
    "containerd ignores a whole file with an endpoint twice, so all mirrors would be lost.",
)
.example("containerRegistries: {registry.example.com: [{endpoint: registry.example.com}, {endpoint: registry.example.com}]}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}");

pub(super) const ENDPOINT_INSECURE: Text = Text::error(
    ContainerRegistries,
    "endpoint-insecure",
    "An endpoint without TLS has settings of TLS",
    "`insecure: true` is plain HTTP, so `skipVerify` and `ca` mean nothing. Remove one side.",
)
.example("containerRegistries: {registry.example.com: [{endpoint: registry.example.com, insecure: true, skipVerify: true}]}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, skipVerify: true}]}");

pub(super) const ENDPOINT_CA: Text = Text::error(
    ContainerRegistries,
    "endpoint-ca",
    "The authority of an endpoint is not a valid certificate",
    "`ca` is one or more certificates in PEM that have not expired. It holds no private key.",
);

pub(super) const ENDPOINT_CAPABILITIES: Text = Text::error(
    ContainerRegistries,
    "endpoint-capabilities",
    "A capability is unknown, or the list is empty",
    "`capabilities` lists what an endpoint is used for: `pull` (by digest), `resolve` (from a tag to a digest), `push`. The default is `[pull, resolve]`.",
)
.example("containerRegistries: {registry.example.com: [{endpoint: registry.example.com, capabilities: [read]}]}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, capabilities: [pull, resolve]}]}");

pub(super) const ENDPOINT_DIAL_TIMEOUT: Text = Text::error(
    ContainerRegistries,
    "endpoint-dial-timeout",
    "The dial timeout is not a duration",
    "`dialTimeout` is a whole number with `ms`, `s` or `m`, up to ten minutes.",
)
.example(
    "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, dialTimeout: \"5\"}]}",
    "containerRegistries: {registry.example.com: [{endpoint: registry.example.com, dialTimeout: 5s}]}",
);

pub(super) const CREDENTIALS_FORMS: Text = Text::error(
    ContainerRegistries,
    "credentials-forms",
    "Credentials are there in more than one form",
    "Only one form would be used. The forms are `username` with `password`, `auth` (base64 of `user:password`) and `identitytoken`.",
);

pub(super) const CREDENTIALS_INCOMPLETE: Text = Text::error(
    ContainerRegistries,
    "credentials-incomplete",
    "Credentials are incomplete",
    "A user needs a password and a password needs a user. Without credentials, remove the field.",
);

pub(super) const CREDENTIALS_USERNAME: Text = Text::error(
    ContainerRegistries,
    "credentials-username",
    "The user name holds a colon",
    "A colon ends the user name, so the registry would get the wrong password.",
);

pub(super) const CREDENTIALS_CONTROL: Text = Text::error(
    ContainerRegistries,
    "credentials-control",
    "A user name or a password holds a control character",
    "Most often it is a newline at the end, from a block that begins with `|` in place of `|-`.",
);

pub(super) const CREDENTIALS_AUTH: Text = Text::error(
    ContainerRegistries,
    "credentials-auth",
    "auth is not base64 of user:password",
    "Make it with `printf user:password | base64`. Both parts are needed.",
);

pub(super) const CREDENTIALS_TOKEN: Text = Text::error(
    ContainerRegistries,
    "credentials-token",
    "The identity token cannot be sent",
    "A token is sent in a header, so it consists of visible ASCII characters without spaces.",
);

pub(super) const CREDENTIALS_OVER_HTTP: Text = Text::error(
    ContainerRegistries,
    "credentials-over-http",
    "Credentials would be sent without TLS",
    "Anyone between a node and the registry could read them. Remove `insecure`, and use `ca` for a certificate of your own.",
);

pub(super) const PULL_SECRETS_REACH_MIRROR: Text = Text::warning(
    ContainerRegistries,
    "pull-secrets-reach-mirror",
    "A mirror can receive the pull Secrets of Pods",
    "containerd does not check whom the pull Secret of a Pod is for: it sends it to any mirror that answers 401. Use mirrors of your own, with `credentials` or a `ca`.",
)
.example("containerRegistries: {registry.example.com: [{endpoint: mirror.example.com, dialTimeout: 1s}]}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}");

pub(super) const STATIC_HEADER: Text = Text::warning(
    ContainerRegistries,
    "static-header",
    "Old versions of containerd do not log in with these credentials",
    "Docker Hub and most hosted registries hand out tokens. containerd before 2.1 asks for the token without the credentials of `hosts.toml`. Use containerd 2.1 or later, or `serverless-credential-provider`.",
);

pub(super) const DIAL_TIMEOUT_MISSING: Text = Text::warning(
    ContainerRegistries,
    "dial-timeout-missing",
    "A mirror has no dial timeout",
    "containerd waits 30 seconds for a mirror that does not answer, on each pull. `dialTimeout: 1s` makes it go on soon; versions before 2.1, but for 2.0.11, ignore it.",
)
.example("containerRegistries: {registry.example.com: [{endpoint: mirror.example.com}]}", "containerRegistries: {registry.example.com: [{endpoint: localhost, dialTimeout: 1s}]}");

pub(super) const REGISTRY_HOST_PORT: Text = Text::warning(
    ContainerRegistries,
    "registry-host-port",
    "A registry is named with the port of HTTPS",
    "containerd looks for a host as the name of an image spells it: `registry.example.com:443` is for images that are named `registry.example.com:443/…`, and not for those named `registry.example.com/…`. Most images are named without the port.",
)
.example("containerRegistries: {\"registry.example.com:443\": [{endpoint: registry.example.com}]}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}");

pub(super) const OLDER_CONFIGURATION: Text = Text::warning(
    ContainerRegistries,
    "older-configuration",
    "The configuration for containerd 1.x does not hold everything",
    "The webhook also writes `registry-config.toml`, for containerd 1.x without `config_path`. Its format knows no `dialTimeout`, no `capabilities` and no `fallback: None`, and one login for each address. Nodes that read `hosts.toml` do everything.",
)
.example("containerRegistries: {registry.example.com: {fallback: None, endpoints: [{endpoint: registry.example.com}]}}", "containerRegistries: {registry.example.com: [{endpoint: registry.example.com}]}");

pub(super) const DOCKER_HUB_ANONYMOUS: Text = Text::warning(
    ContainerRegistries,
    "docker-hub-anonymous",
    "Docker Hub is used without credentials",
    "Docker Hub allows 100 pulls in six hours from one address without an account. All nodes behind one address share them.",
)
.example("containerRegistries: {docker.io: [{endpoint: registry-1.docker.io}]}", "containerRegistries: {docker.io: {fallback: None, endpoints: [{endpoint: localhost, dialTimeout: 1s}]}}");

pub(super) const RENDERED_TOO_LARGE: Text = Text::error(
    ContainerRegistries,
    "rendered-too-large",
    "The Secret has no room for the files",
    "The webhook writes the files of nodes into the Secret, and a Secret holds at most 1 MiB. Split the value into several Secrets.",
);
