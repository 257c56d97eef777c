//! The credentials of a cache for its upstream: the last ones that were read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use api::names::cache::credentials_key;
use arc_swap::ArcSwapOption;
use k8s_openapi::ByteString;
use policy::container_registries::HiddenText;
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::metrics::CacheMetrics;

/// A user and a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// The user.
    pub username: String,
    /// The password.
    pub password: HiddenText,
}

/// The last credentials; none until the first ones are read.
pub struct Credentials {
    current: ArcSwapOption<Login>,
    are_known: watch::Sender<bool>,
    metrics: CacheMetrics,
}

impl Login {
    /// Reads the data of a Secret, and wipes them. `None` if they hold no user or no password.
    #[must_use]
    pub fn of(data: BTreeMap<String, ByteString>) -> Option<Self> {
        let mut texts: BTreeMap<_, _> =
            data.into_iter().map(|(key, value)| (key, Zeroizing::new(value.0))).collect();
        let mut text = |key| {
            let text =
                texts.remove(key).and_then(|bytes| std::str::from_utf8(&bytes).ok().map(str::to_owned));
            text.map(Zeroizing::new).filter(|text| !text.is_empty())
        };
        let (username, password) = (text(credentials_key::USERNAME)?, text(credentials_key::PASSWORD)?);
        Some(Self { username: username.to_string(), password: HiddenText::new(password.as_str()) })
    }
}

impl Credentials {
    /// None yet.
    #[must_use]
    pub fn awaited(metrics: CacheMetrics) -> Self {
        Self { current: ArcSwapOption::empty(), are_known: watch::channel(false).0, metrics }
    }

    /// The last ones.
    #[must_use]
    pub fn get(&self) -> Option<Arc<Login>> {
        self.current.load_full()
    }

    /// Whether there are any, from now on.
    #[must_use]
    pub fn are_known(&self) -> watch::Receiver<bool> {
        self.are_known.subscribe()
    }

    /// Replaces them.
    pub fn put(&self, login: Login) {
        if self.current.load().as_deref() == Some(&login) {
            return;
        }
        self.current.store(Some(Arc::new(login)));
        self.are_known.send_replace(true);
        self.metrics.credentials_changed();
        tracing::info!("the credentials for the upstream have changed: the new ones are in use");
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn of(data: &[(&str, &[u8])]) -> Option<Login> {
        Login::of(data.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.to_vec()))).collect())
    }

    #[test]
    fn a_secret_holds_a_user_and_a_password_as_they_are() {
        let login = of(&[("username", b"me"), ("password", b" hush\n"), ("other", b"x")]).unwrap();
        assert_eq!((login.username.as_str(), login.password.reveal()), ("me", " hush\n"));
        assert!(!format!("{login:?}").contains("hush"));
    }

    #[rstest]
    #[case::nothing(&[])]
    #[case::no_password(&[("username", b"me".as_slice())])]
    #[case::empty(&[("username", b"me".as_slice()), ("password", b"".as_slice())])]
    #[case::no_text(&[("username", b"me".as_slice()), ("password", b"\xff".as_slice())])]
    fn nothing_less_is_a_login(#[case] data: &[(&str, &[u8])]) {
        assert_eq!(of(data), None);
    }
}
