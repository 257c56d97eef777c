//! Rules of registry Secrets.

use super::text::Text;
use super::text::Topic::RegistrySecret;

pub(super) const DATA_NOT_BASE64: Text = Text::error(
    RegistrySecret,
    "data-not-base64",
    "A value of data is not base64",
    "Values below `data` are encoded. Write clear text below `stringData`; the API server encodes it.",
)
.example("data: {password: hush-hush}", "stringData: {password: hush-hush}");

pub(super) const REGISTRY_KEY_MISSING: Text = Text::error(
    RegistrySecret,
    "registry-key-missing",
    "A registry Secret lacks a key",
    "A registry Secret has the keys `username`, `password`, `serverAddress` (what the credentials are for, such as `https://index.docker.io/v1/`) and `registryAddress` (how the names of images start, such as `example.com/project`). The webhook writes `.dockerconfigjson` from them. A Secret of `kubectl create secret docker-registry` has only `.dockerconfigjson`, which is not enough.",
)
.example("stringData: {password: \"\"}", "stringData: {password: hush}");

pub(super) const REGISTRY_SECRET_OF_DOCKER: Text = Text::warning(
    RegistrySecret,
    "registry-secret-of-docker",
    "The Secret has a docker configuration, and not the keys of a registry Secret",
    "`kubectl create secret docker-registry` writes only `.dockerconfigjson`. A registry Secret has the keys `username`, `password`, `serverAddress` and `registryAddress`; the webhook writes the docker configuration from them.",
);

pub(super) const REGISTRY_USERNAME_COLON: Text = Text::error(
    RegistrySecret,
    "registry-username-colon",
    "The user name holds a colon",
    "In the docker configuration a colon ends the user name, so the registry would get the wrong password.",
)
.example("stringData: {username: \"shop:hush\"}", "stringData: {username: shop}");

pub(super) const SERVER_ADDRESS_INVALID: Text = Text::error(
    RegistrySecret,
    "server-address-invalid",
    "The server address is malformed",
    "`serverAddress` is the server as the docker configuration spells it, such as `https://index.docker.io/v1/` or `example.com`. It has no spaces and at most 1,024 bytes.",
)
.example("stringData: {serverAddress: example. com}", "stringData: {serverAddress: example.com}");

pub(super) const REGISTRY_ADDRESS_FORM: Text = Text::error(
    RegistrySecret,
    "registry-address-form",
    "The registry address does not have the form host[:port][/path]",
    "The names of images start with `registryAddress`, so it has no user, query, fragment, backslash or `..`, and at most 255 bytes.",
)
.example(
    "stringData: {registryAddress: shop@example.com/project}",
    "stringData: {registryAddress: example.com/project}",
);

pub(super) const REGISTRY_ADDRESS_SPACES: Text = Text::error(
    RegistrySecret,
    "registry-address-spaces",
    "The registry address holds a space or a newline",
    "A newline at the end is the mark of `echo example.com | base64`. Use `stringData`, `echo -n` or `printf`; in YAML write the value on one line or start the block with `|-`.",
)
.example(
    "stringData: {registryAddress: \"example.com/project\\n\"}",
    "stringData: {registryAddress: example.com/project}",
);

pub(super) const REGISTRY_ADDRESS_SCHEME: Text = Text::error(
    RegistrySecret,
    "registry-address-scheme",
    "The registry address has a scheme",
    "The names of images start with `registryAddress`, and names of images have no scheme.",
)
.example(
    "stringData: {registryAddress: https://example.com/project}",
    "stringData: {registryAddress: example.com/project}",
);

pub(super) const REGISTRY_ADDRESS_HOST: Text = Text::error(
    RegistrySecret,
    "registry-address-host",
    "The registry address does not start with a valid host",
    "A host is a name, an IPv4 address or an IPv6 address in brackets.",
)
.example(
    "stringData: {registryAddress: -example.com/project}",
    "stringData: {registryAddress: example.com/project}",
);

pub(super) const REGISTRY_ADDRESS_PORT: Text = Text::error(
    RegistrySecret,
    "registry-address-port",
    "The port of the registry address is not valid",
    "A port is a number between 1 and 65535, without a sign or a leading zero.",
)
.example(
    "stringData: {registryAddress: \"example.com:050/project\"}",
    "stringData: {registryAddress: \"example.com:5000/project\"}",
);

pub(super) const REGISTRY_ADDRESS_PATH: Text = Text::error(
    RegistrySecret,
    "registry-address-path",
    "The path of the registry address cannot start the name of an image",
    "Registries take only lower-case letters and digits, with `.`, `_` or `-` between them and `/` between the parts.",
)
.example(
    "stringData: {registryAddress: example.com/My-Team}",
    "stringData: {registryAddress: example.com/my-team}",
);

pub(super) const NEWLINE_AT_END: Text = Text::warning(
    RegistrySecret,
    "newline-at-end",
    "A value ends with a newline",
    "The newline is a part of the value, so the registry will most likely refuse the credentials. Use `stringData`, `echo -n` or `printf`; in YAML start the block with `|-`.",
)
.example("stringData: {password: \"hush\\n\"}", "stringData: {password: hush}");

pub(super) const DOCKER_CONFIG_TOO_LARGE: Text = Text::error(
    RegistrySecret,
    "docker-config-too-large",
    "The docker configuration has more than 10,000 names and values",
    "The limit bounds the memory that one Secret can cost. Remove the entries of servers that the Secret does not need.",
);

pub(super) const DOCKER_CONFIG_REPLACED: Text = Text::warning(
    RegistrySecret,
    "docker-config-replaced",
    "The value of .dockerconfigjson is not a docker configuration",
    "The webhook replaces it by one with the credentials of this Secret. Remove the key: the webhook writes it.",
)
.example("stringData: {.dockerconfigjson: hush}", "stringData: {.dockerconfigjson: \"{}\"}");

pub(super) const SECRET_TYPE: Text = Text::warning(
    RegistrySecret,
    "secret-type",
    "The kubelet cannot pull images with a Secret of this type",
    "Set `type: kubernetes.io/dockerconfigjson`. The type of a Secret cannot change: delete the Secret and create it again.",
)
.example("type: Opaque", "type: kubernetes.io/dockerconfigjson");

pub(super) const SECRET_NAME_UNUSED: Text = Text::warning(
    RegistrySecret,
    "secret-name-unused",
    "No Function uses a registry Secret with this name",
    "Functions use `serverless-registry-config` of their namespace or, without it, `serverless-registry-config-default`.",
)
.example("metadata: {name: my-registry}", "metadata: {name: serverless-registry-config}");

pub(super) const SECRET_COPY_EDITED: Text = Text::warning(
    RegistrySecret,
    "secret-copy-edited",
    "The controller restores this copy of a Secret",
    "The controller keeps copies of the registry Secret of the base namespace in all namespaces. Change the original, or add the label `serverless.kyma-project.io/managed-by: user` to keep your own.",
)
.example(
    "metadata: {annotations: {serverless.kyma-project.io/copied-from: kyma-system}}",
    "metadata: {annotations: {serverless.kyma-project.io/copied-from: kyma-system}, labels: {serverless.kyma-project.io/managed-by: user}}",
);
