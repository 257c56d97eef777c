//! Pods log in with tokens of their service accounts, so that they pull without a stored password.
//!
//! A token is verified by the keys of the API server first, without a request (`trust`, `keys`). What passes is a token
//! of the cluster for this registry; then the API server says whether its Pod and its account are still there
//! (`reviews`), at most once a minute for each token. So nobody reaches the API server with a token that is made up.

mod keys;
mod reviews;
mod trust;

use decide::registry::labels::Labels;
use decide::registry::token::Refusal;
use jiff::Timestamp;
use policy::container_registries::HiddenText;

use keys::Keys;
use reviews::Reviews;
use trust::Subject;

/// Verifies tokens of service accounts.
#[derive(Debug)]
pub struct ServiceAccounts {
    keys: Keys,
    reviews: Reviews,
    clock: fn() -> Timestamp,
}

/// A service account whose token is valid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceAccount {
    /// Its full name, which begins with `system:serviceaccount:`.
    pub subject: String,
    /// What rules can ask for.
    pub labels: Labels,
}

impl ServiceAccounts {
    /// Asks an API server.
    #[must_use]
    pub fn new(client: kube::Client, clock: fn() -> Timestamp) -> Self {
        Self { keys: Keys::new(client.clone()), reviews: Reviews::new(client), clock }
    }

    /// Whose token this is, if it is for the audience.
    ///
    /// # Errors
    /// It is not valid, or the API server does not say so.
    pub async fn verify(&self, token: &HiddenText, audience: &str) -> Result<ServiceAccount, Refusal> {
        let key = trust::key_of(token.reveal()).ok_or(Refusal::Login)?;
        let trust = self.keys.with(&key).await.ok_or(Refusal::Unverified)?;
        let now = (self.clock)().as_second();
        let subject = trust.subject(token.reveal(), audience, now).ok_or(Refusal::Login)?;
        self.reviews.confirm(token, &subject.name, audience).await?;
        let Subject { name, namespace, account } = subject;
        Ok(ServiceAccount { labels: Labels::of_service_account(&namespace, &account), subject: name })
    }
}

#[cfg(test)]
mod tests;
