//! What can be wrong with the credentials of an upstream, and how it reads: on the Secret itself, and on the object that
//! refers to it.

use api::names::cache::credentials_key::{PASSWORD, USERNAME};

use crate::rule::Rule;
use crate::violation::{Value, Violation};

/// Something that is wrong with credentials. None holds any part of a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Problem {
    /// The Secret can change.
    Mutable,
    /// It has other keys than two.
    Entries,
    /// A key is missing.
    Missing(&'static str),
    /// A value is empty or blank.
    Empty(&'static str),
    /// A value is not UTF-8.
    NotUtf8(&'static str),
    /// The user name holds whitespace.
    Whitespace,
    /// The user name holds a colon.
    Colon,
    /// A value ends with a newline.
    Newline(&'static str),
    /// A value holds a control character.
    Control(&'static str),
    /// The password is no key of a service account.
    NotServiceAccount,
    /// The key of a service account has a field that is not allowed; `None` if its name is not one that Google uses.
    ServiceAccountField(Option<&'static str>),
}

impl Problem {
    /// As a violation of the Secret itself.
    pub(super) fn in_secret(&self) -> Violation {
        let rule = Rule::UpstreamCredentials;
        let of = |key: &str| format!("data.{key}");
        let refused = |field: String, must: String| Violation::invalid(rule, field, Value::Withheld, must);
        match self {
            Self::Mutable => refused(
                "immutable".to_owned(),
                "must be true: create another Secret for other credentials".to_owned(),
            ),
            Self::Entries => refused("data".to_owned(), "must have username and password alone".to_owned()),
            Self::Missing(key) => Violation::required(rule, of(key), ""),
            Self::Empty(key) => refused(of(key), "must not be empty".to_owned()),
            Self::NotUtf8(key) => refused(of(key), "must be UTF-8".to_owned()),
            Self::Whitespace => refused(of(USERNAME), "must not contain whitespace".to_owned()),
            Self::Colon => {
                refused(of(USERNAME), "must not contain ':', which ends the user name in a login".to_owned())
            }
            Self::Newline(key) => {
                let must = "must not end with a newline: encode it with `echo -n` or printf";
                refused(of(key), must.to_owned())
            }
            Self::Control(key) => refused(of(key), "must not contain control characters".to_owned()),
            Self::NotServiceAccount => {
                let must =
                    "must be the key of a service account, a JSON object of strings, for the user _json_key";
                refused(of(PASSWORD), must.to_owned())
            }
            Self::ServiceAccountField(name) => {
                let name = name.map(|name| format!(" {name:?}")).unwrap_or_default();
                refused(of(PASSWORD), format!("forbidden ServiceAccount field{name}"))
            }
        }
    }

    /// In the words of the original, about a Secret `NAMESPACE/NAME` that an object refers to.
    #[must_use]
    pub fn in_reference(&self, secret: &str) -> String {
        match self {
            Self::Mutable => format!("the referenced secret {secret:?} should be immutable"),
            Self::Entries => format!("the referenced secret {secret:?} should have only two data entries"),
            Self::Missing(key) => format!("missing {key:?} data entry in the referenced secret {secret:?}"),
            Self::Empty(key) => of_entry(key, secret, "is empty"),
            Self::NotUtf8(key) => of_entry(key, secret, "is not UTF-8"),
            Self::Whitespace => of_entry(USERNAME, secret, "contains whitespace"),
            Self::Colon => of_entry(USERNAME, secret, "contains a colon"),
            Self::Newline(key) => of_entry(key, secret, "ends with a newline"),
            Self::Control(key) => of_entry(key, secret, "contains a control character"),
            Self::NotServiceAccount => format!(
                "failed to unmarshal ServiceAccount json from the password data entry in the referenced secret {secret:?}: not a JSON object of strings"
            ),
            Self::ServiceAccountField(name) => {
                let name = name.map(|name| format!(" {name:?}")).unwrap_or_default();
                format!(
                    "forbidden ServiceAccount field{name} present in the password data entry in the referenced secret {secret:?}"
                )
            }
        }
    }
}

fn of_entry(key: &str, secret: &str, problem: &str) -> String {
    format!("the data entry {key:?} in the referenced secret {secret:?} {problem}")
}
