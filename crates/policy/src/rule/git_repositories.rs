//! Rules of the address and the credentials of a `GitRepository`.

use super::text::Text;
use super::text::Topic::GitRepository;

pub(super) const GIT_URL_MISSING: Text = Text::error(
    GitRepository,
    "git-url-missing",
    "The GitRepository has no URL",
    "Set `spec.url` to the address that `git clone` takes.",
)
.example("spec: {url: \"\"}", "spec: {url: https://github.com/acme/shop.git}");

pub(super) const GIT_URL_SPACES: Text = Text::error(
    GitRepository,
    "git-url-spaces",
    "The URL holds spaces or control characters",
    "Often a newline ends the value, because it is a block (`|`) in YAML. Write the URL on one line; write a space in a path as `%20`.",
)
.example("spec: {url: \"https://github.com/acme/shop.git\\n\"}", "spec: {url: https://github.com/acme/shop.git}");

pub(super) const GIT_URL_SCHEME: Text = Text::error(
    GitRepository,
    "git-url-scheme",
    "The URL has no scheme that the controller can use",
    "The controller reads repositories over `https://`, `http://`, `ssh://`, `git+ssh://`, `git://` and `user@host:path`. It reads no files, and runs no other helper of Git.",
)
.example("spec: {url: github.com/acme/shop.git}", "spec: {url: https://github.com/acme/shop.git}");

pub(super) const GIT_URL_CREDENTIALS: Text = Text::error(
    GitRepository,
    "git-url-credentials",
    "The URL holds a user, a password or a token",
    "Everybody who may read the GitRepository could read the credentials. Put them into a Secret of the same namespace, name it in `spec.auth.secretName`, and revoke the ones that were in the URL.",
)
.example(
    "spec: {url: https://token@github.com/acme/shop.git}",
    "spec: {url: https://github.com/acme/shop.git, auth: {type: basic, secretName: shop-git}}",
);

pub(super) const GIT_URL_HOST: Text = Text::error(
    GitRepository,
    "git-url-host",
    "The URL has no valid host or port",
    "A host is a name, an IPv4 address or an IPv6 address in brackets, and a port lies between 1 and 65535. In `git@host:path` the part behind the colon is a path; write `ssh://git@host:7999/path` for a port.",
)
.example("spec: {url: https://github.com:port/acme/shop.git}", "spec: {url: https://github.com:443/acme/shop.git}");

pub(super) const GIT_URL_QUERY: Text = Text::error(
    GitRepository,
    "git-url-query",
    "The URL has a query or a fragment",
    "Git needs neither, and both may hold a token. Put credentials into a Secret and name it in `spec.auth.secretName`; name a branch in `spec.reference` of the Function.",
)
.example(
    "spec: {url: https://github.com/acme/shop.git?ref=main}",
    "spec: {url: https://github.com/acme/shop.git}",
);

pub(super) const GIT_URL_PARENT: Text = Text::error(
    GitRepository,
    "git-url-parent",
    "The path of the URL holds \"..\"",
    "Write the path of the repository without detours.",
)
.example("spec: {url: https://github.com/acme/../shop.git}", "spec: {url: https://github.com/acme/shop.git}");

pub(super) const GIT_URL_OPTION: Text = Text::error(
    GitRepository,
    "git-url-option",
    "The host, the user or the path starts with '-'",
    "Programs of Git take such a text for an option, which can run a command. No server needs such a name.",
)
.example("spec: {url: https://github.com/-shop.git}", "spec: {url: https://github.com/acme/shop.git}");

pub(super) const GIT_URL_PATH: Text = Text::error(
    GitRepository,
    "git-url-path",
    "The URL names no repository",
    "Add the path of the repository.",
)
.example("spec: {url: https://github.com/}", "spec: {url: https://github.com/acme/shop.git}");

pub(super) const GIT_URL_SUFFIX: Text = Text::error(
    GitRepository,
    "git-url-suffix",
    "The URL does not end with .git",
    "Most servers give an address with `.git` at its end. For those that do not, such as Azure DevOps, whoever runs the installation can set `gitUrls: lenient` in the configuration of the webhook and `git.urls: lenient` in that of the controller.",
)
.example("spec: {url: https://github.com/acme/shop}", "spec: {url: https://github.com/acme/shop.git}");

pub(super) const GIT_URL_PORT_IN_PATH: Text = Text::warning(
    GitRepository,
    "git-url-port-in-path",
    "A number after the host is a folder, not a port",
    "An address of the form `user@host:path` has no port: what follows the colon is the path. To name a port, write the address with `ssh://`.",
)
.example(
    "spec: {url: \"git@git.example.com:7999/shop.git\", auth: {type: key, secretName: shop-git}}",
    "spec: {url: \"ssh://git@git.example.com:7999/shop.git\", auth: {type: key, secretName: shop-git}}",
);

pub(super) const GIT_AUTH_MISSING: Text = Text::error(
    GitRepository,
    "git-auth-missing",
    "A repository over SSH needs a key",
    "Create a Secret with the private key under the key `key`, or one of type `kubernetes.io/ssh-auth`, and name it in `spec.auth`.",
)
.example(
    "spec: {url: \"git@github.com:acme/shop.git\"}",
    "spec: {url: \"git@github.com:acme/shop.git\", auth: {type: key, secretName: shop-git}}",
);

pub(super) const GIT_AUTH_UNSUPPORTED: Text = Text::error(
    GitRepository,
    "git-auth-unsupported",
    "git:// cannot carry credentials",
    "Use the `https://` or the SSH address of the repository, or remove `spec.auth`.",
)
.example(
    "spec: {url: git://github.com/acme/shop.git, auth: {type: basic, secretName: shop-git}}",
    "spec: {url: https://github.com/acme/shop.git, auth: {type: basic, secretName: shop-git}}",
);

pub(super) const GIT_AUTH_TYPE: Text = Text::error(
    GitRepository,
    "git-auth-type",
    "The type of the credentials is missing or does not fit the URL",
    "Use `key` for SSH and `basic`, which is a user name with a password or a token, for HTTP.",
)
.example(
    "spec: {url: \"git@github.com:acme/shop.git\", auth: {type: basic, secretName: shop-git}}",
    "spec: {url: \"git@github.com:acme/shop.git\", auth: {type: key, secretName: shop-git}}",
);

pub(super) const GIT_AUTH_SECRET_NAME: Text = Text::error(
    GitRepository,
    "git-auth-secret-name",
    "The name of the Secret is missing or malformed",
    "`spec.auth.secretName` names a Secret of the same namespace.",
)
.example(
    "spec: {url: https://github.com/acme/shop.git, auth: {type: basic, secretName: Shop Git}}",
    "spec: {url: https://github.com/acme/shop.git, auth: {type: basic, secretName: shop-git}}",
);

pub(super) const GIT_AUTH_REGISTRY_SECRET: Text = Text::error(
    GitRepository,
    "git-auth-registry-secret",
    "A registry Secret must not be sent to a Git server",
    "The credentials of the registry would reach whatever server the URL names. Create a Secret for this repository alone.",
)
.example(
    "spec: {url: https://github.com/acme/shop.git, auth: {type: basic, secretName: serverless-registry-config}}",
    "spec: {url: https://github.com/acme/shop.git, auth: {type: basic, secretName: shop-git}}",
);

pub(super) const GIT_AUTH_KEY_OVER_HTTP: Text = Text::warning(
    GitRepository,
    "git-auth-key-over-http",
    "A key cannot work over HTTP",
    "The controller cannot read the repository. Use the type `basic`, or the SSH address.",
)
.example(
    "spec: {url: https://github.com/acme/shop.git, auth: {type: key, secretName: shop-git}}",
    "spec: {url: \"git@github.com:acme/shop.git\", auth: {type: key, secretName: shop-git}}",
);
