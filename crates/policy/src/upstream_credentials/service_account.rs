//! The key of a service account of Google, the password of the user `_json_key`. Other kinds of Google's credentials can
//! make who logs in read files, run programs or send tokens to other hosts, so only the fields of a key are allowed.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::problem::Problem;

/// The fields of a key.
const ALLOWED: [&str; 11] = [
    "type",
    "project_id",
    "client_email",
    "universe_domain",
    "auth_uri",
    "auth_provider_x509_cert_url",
    "client_x509_cert_url",
    "client_id",
    "private_key_id",
    "private_key",
    "token_uri",
];
/// Fields of other kinds of Google's credentials, which a message may name. Any other name may be a part of a secret.
const KNOWN: [&str; 13] = [
    "account",
    "audience",
    "client_secret",
    "credential_source",
    "delegates",
    "quota_project_id",
    "refresh_token",
    "service_account_impersonation_url",
    "source_credentials",
    "subject_token_type",
    "token_info_url",
    "token_url",
    "workforce_pool_user_project",
];

/// A text that is read and not kept.
struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Text, E> {
                Ok(Text)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// What is wrong with a key, in the order of the names of its fields.
#[allow(clippy::zero_sized_map_values, reason = "the values are checked as they are read, and not kept")]
pub(super) fn problems(password: &[u8]) -> Vec<Problem> {
    let Ok(fields) = serde_json::from_slice::<BTreeMap<String, Text>>(password) else {
        return vec![Problem::NotServiceAccount];
    };
    let forbidden = fields.keys().filter(|name| !ALLOWED.contains(&name.as_str()));
    let shown = |name: &String| KNOWN.into_iter().find(|known| known == name);
    let mut problems: Vec<_> = forbidden.map(|name| Problem::ServiceAccountField(shown(name))).collect();
    problems.dedup();
    problems
}
