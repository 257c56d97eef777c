//! Rules of a `GitRepository`. They allow the addresses that `policy::git_url` allows in its lenient mode. Whether an
//! address must end in `.git` depends on the configuration, so that rule is not here.

use kube::core::cel::{Reason, Rule};

use super::{SUBDOMAIN, forbidden, is_subdomain, required, rule};
use crate::names::registry_secret;

/// A rule for `spec.url` of a `GitRepository`, attached to `spec`: for a rule on the text itself, the API server would
/// show the value, which may hold a password.
fn url_rule(expression: &str, message: &str) -> Rule {
    rule(expression, message).field_path(".url")
}

/// True if an address does not match `pattern`.
fn unlike(pattern: &str) -> String {
    format!("!self.url.matches('^{pattern}')")
}

/// The start of every address that is not of the form `user@host:path`.
const SCHEME: &str = "(https?|git|ssh|git[+]ssh)://";

/// `spec` of a `GitRepository`.
pub(crate) fn url() -> Rule {
    url_rule("self.url.trim() != ''", "the address of the repository").reason(Reason::FieldValueRequired)
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_is_printable() -> Rule {
    let plain = r"!self.url.matches('[\\s\\x00-\\x1f\\x7f]')";
    let encoded = unlike(&format!("{SCHEME}.*%([01][0-9a-fA-F]|7[fF])"));
    url_rule(
        &format!("self.url.trim() == '' || ({plain} && {encoded})"),
        "must not hold spaces or control characters",
    )
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_has_a_scheme() -> Rule {
    url_rule(
        r"self.url.trim() == '' || self.url.matches('^\\s*((https?|git|ssh|git[+]ssh)://|[^/@]+@[^/]+:)')",
        "must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path",
    )
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_without_credentials() -> Rule {
    // Over SSH, a user name without a password is not secret. Elsewhere it may be a token.
    url_rule(
        &unlike(
            "((https?|git)://[^/?#]*(@|%40)|(ssh|git[+]ssh)://[^/?#]*(:|%3[aA])[^/?#]*@|[^@/]*(:|%3[aA])[^@/]*@)",
        ),
        "must not hold credentials: put them into a Secret and name it in spec.auth.secretName",
    )
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_has_a_host() -> Rule {
    let port = "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
    let host = r"([^/?#]*@)?(\\[[0-9a-fA-F:.]+\\]|[^/?#:@%\\[\\]]+)";
    let expression = format!("{} || self.url.matches('^{SCHEME}{host}(:{port})?([/?#]|$)')", unlike(SCHEME));
    url_rule(
        &expression,
        "must name a host, with a port between 1 and 65535 if any, as in ssh://git@host:22/path.git or git@host:path.git",
    )
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_has_a_path() -> Rule {
    url_rule(&unlike(&format!("{SCHEME}[^/?#]*/*$")), "must name the path of a repository")
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_without_query() -> Rule {
    url_rule(
        "!self.url.matches('[?#]')",
        "must not have a query or a fragment: put credentials into a Secret and name it in spec.auth.secretName",
    )
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_stays_inside() -> Rule {
    let slash = "(/|%2[fF])";
    let parent = format!("{SCHEME}[^/]*/(.*{slash})?([.]|%2[eE]){{2}}({slash}|$)");
    url_rule(&unlike(&parent), "must not hold \"..\" in its path")
}

/// `spec` of a `GitRepository`.
pub(crate) fn url_without_options() -> Rule {
    let dash = "(-|%2[dD])";
    let in_url = unlike(&format!("{SCHEME}([^/]*@)?({dash}|[^/]*/(/|%2[fF])*{dash})"));
    let without_scheme = unlike(r"(-|[^/:]*@-|[^/:@]*@(\\[[^\\]]*\\]|[^/:]*):/*-)");
    url_rule(&format!("{in_url} && {without_scheme}"), "host, user and path must not start with '-'")
}

const SSH: &str = "self.url.matches('^((ssh|git[+]ssh)://|[^/@]+@[^/]+:)')";

/// `spec` of a `GitRepository` over SSH.
pub(crate) fn ssh_has_auth() -> Rule {
    required(
        &format!("has(self.auth) || !{SSH}"),
        "a repository over SSH is read with auth of type \"key\" and a secretName",
    )
    .field_path(".auth")
}

/// `spec` of a `GitRepository` over SSH.
pub(crate) fn ssh_has_a_key() -> Rule {
    rule(
        &format!("!has(self.auth) || self.auth.type == 'key' || !{SSH}"),
        "a repository over SSH is read with a key",
    )
    .field_path(".auth.type")
}

/// `spec` of a `GitRepository` over the Git protocol.
pub(crate) fn git_without_auth() -> Rule {
    forbidden(
        "!has(self.auth) || !self.url.startsWith('git://')",
        "git:// cannot carry credentials: use https:// or SSH",
    )
    .field_path(".auth")
}

/// `spec.auth.secretName` of a `GitRepository`.
pub(crate) fn secret_name() -> Rule {
    required("self.trim() != ''", "the Secret with the credentials")
}

/// `spec.auth.secretName` of a `GitRepository`.
pub(crate) fn secret_name_syntax() -> Rule {
    rule(&format!("self.trim() == '' || {}", is_subdomain("self")), SUBDOMAIN)
}

/// `spec.auth.secretName` of a `GitRepository`.
pub(crate) fn secret_is_for_git() -> Rule {
    let names = registry_secret::USED.map(|name| format!("'{name}'")).join(", ");
    forbidden(
        &format!("!(self in [{names}])"),
        "a registry Secret would send push credentials to any server: use a Secret that is for this repository alone",
    )
}
