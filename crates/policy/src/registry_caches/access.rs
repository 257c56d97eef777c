//! Who may pull from a cache.

use api::cache::RegistryCacheSpec;

/// Who may pull.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Everybody in the cluster.
    Open,
    /// Whoever may pull from the upstream.
    Authorize,
}

impl Access {
    /// The word for it in a spec.
    pub(super) const AUTHORIZE: &str = "Authorize";

    /// Who may pull: what is asked for, or what follows from credentials and TLS.
    #[must_use]
    pub fn of(spec: &RegistryCacheSpec) -> Self {
        match spec.access.as_deref() {
            Some(Self::AUTHORIZE) => Self::Authorize,
            None if spec.secret_reference_name.is_some() && has_tls(spec) => Self::Authorize,
            _ => Self::Open,
        }
    }
}

/// Whether nodes reach a cache by HTTPS.
#[must_use]
pub fn has_tls(spec: &RegistryCacheSpec) -> bool {
    spec.http.as_ref().and_then(|http| http.tls).unwrap_or(true)
}
