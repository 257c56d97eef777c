//! Rules of an `ImageRegistryAccount`.

use super::text::Text;
use super::text::Topic::ImageRegistryAccount;

pub(super) const ACCOUNT_NAME_RESERVED: Text = Text::error(
    ImageRegistryAccount,
    "account-name-reserved",
    "The account has a name that is reserved",
    "The user `serviceaccount` logs in with the token of a service account. An account of this name could not log in.",
)
.example("metadata: {name: serviceaccount}", "metadata: {name: ci}");

pub(super) const ACCOUNT_PASSWORD_MISSING: Text = Text::error(
    ImageRegistryAccount,
    "account-password-missing",
    "The account has no password",
    "Set `spec.password` to the bcrypt hash of the password. `htpasswd -nBC 10 NAME` asks for the password and prints the hash behind the name.",
)
.example(
    "spec: {password: null}",
    "spec: {password: $2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq}",
);

pub(super) const ACCOUNT_PASSWORD_FORMS: Text = Text::error(
    ImageRegistryAccount,
    "account-password-forms",
    "The account has a password in both forms",
    "`spec.password` holds one hash, `spec.passwordHashes` up to two, each with its end. Use one of the fields.",
)
.example(
    "spec: {passwordHashes: [{hash: $2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq}]}",
    "spec: {password: null, passwordHashes: [{hash: $2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq}]}",
);

pub(super) const ACCOUNT_PASSWORD_PLAIN: Text = Text::error(
    ImageRegistryAccount,
    "account-password-plain",
    "The password is not a bcrypt hash and may be the password itself",
    "Whoever may read the account could log in. `htpasswd -nBC 10 NAME` prints the hash of a password. If you have sent a password, choose another one: audit logs of the API server may hold it. No message repeats it.",
)
.example(
    "spec: {password: correct-horse}",
    "spec: {password: $2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq}",
);

pub(super) const ACCOUNT_PASSWORD_HASH: Text = Text::error(
    ImageRegistryAccount,
    "account-password-hash",
    "The hash of the password is not one of bcrypt, or is damaged",
    "A hash has 60 characters and starts with `$2a$`, `$2b$` or `$2y$`. Other kinds of hashes are not verified. Write it on one line: a newline at its end is a part of it. In a shell, put it into single quotes, or `$2` becomes something else.",
)
.example(
    "spec: {password: $2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2}",
    "spec: {password: $2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq}",
);

pub(super) const ACCOUNT_PASSWORD_COST: Text = Text::error(
    ImageRegistryAccount,
    "account-password-cost",
    "The cost of the hash is out of range",
    "Each step doubles the time of a login: cost 10 takes about 50 milliseconds, 14 about a second. A higher one would hold up the logins of others.",
)
.example(
    "spec: {password: $2a$16$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq}",
    "spec: {password: $2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq}",
);

pub(super) const ACCOUNT_LABEL_RESERVED: Text = Text::error(
    ImageRegistryAccount,
    "account-label-reserved",
    "The account sets a label that belongs to the token server",
    "Rules of access control lists trust the labels `origin` and `account`. The token server sets them itself. Use another label.",
)
.example("spec: {labels: {origin: [cr]}}", "spec: {labels: {team: [a]}}");

pub(super) const ACCOUNT_TTL: Text = Text::error(
    ImageRegistryAccount,
    "account-ttl",
    "The life of the account is not a duration within its bounds",
    "`spec.ttl` is a duration such as `90m` or `24h`; there is no unit for days. The account expires so long after its creation. Leave it out for an account that never expires.",
)
.example("spec: {ttl: 7d}", "spec: {ttl: 168h}");
