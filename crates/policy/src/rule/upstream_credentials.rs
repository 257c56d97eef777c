//! Rules of Secrets with the credentials of upstreams.

use super::text::Text;
use super::text::Topic;

pub(super) const UPSTREAM_CREDENTIALS: Text = Text::error(
    Topic::UpstreamCredentials,
    "upstream-credentials",
    "A Secret with the credentials of an upstream is malformed",
    "It is immutable and has the keys `username` and `password` alone. Neither is empty, ends with a newline or holds a control character, and the user name has no whitespace and no colon. With the user `_json_key`, the password is the key of a service account with no other fields. Rotate credentials with a second Secret.",
)
.example("immutable: false", "immutable: true");

pub(super) const UPSTREAM_CREDENTIALS_USED: Text = Text::warning(
    Topic::UpstreamCredentials,
    "upstream-credentials-used",
    "A Secret is deleted that caches use",
    "The caches go on with the credentials that were proven last, and their condition `CredentialsValid` says that the Secret is missing. Name another Secret in `spec.secretReferenceName` of each cache, wait until `status.provenCredentials` names it, and delete the old one then.",
);
