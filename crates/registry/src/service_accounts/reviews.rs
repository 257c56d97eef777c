//! Whether the Pod and the service account of a token are still there: the API server says so, and its answer is remembered
//! for a minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use decide::registry::token::Refusal;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, TokenReviewStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::PostParams;
use policy::container_registries::HiddenText;
use process::causes::Causes;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::keys::PATIENCE;
use crate::generations::{Digest, Generations};

/// How long an answer is used.
const LIFE: Duration = Duration::from_mins(1);
/// How many questions may be asked at the same time.
pub(super) const ASKED: usize = 16;
/// How many more may wait for their turn.
pub(super) const WAITING: usize = 256;

/// What the API server said.
pub(super) struct Reviews {
    api: Api<TokenReview>,
    verdicts: Mutex<Generations<Verdict>>,
    asked: Semaphore,
    /// Places for those that are asked and those that wait.
    places: Semaphore,
}

#[derive(Clone, Copy, Debug)]
struct Verdict {
    is_valid: bool,
    until: Instant,
}

impl Reviews {
    pub(super) fn new(client: kube::Client) -> Self {
        let (asked, places) = (Semaphore::new(ASKED), Semaphore::new(ASKED + WAITING));
        Self { api: Api::all(client), verdicts: Mutex::default(), asked, places }
    }

    /// Whether a token is still valid, and of this service account.
    pub(super) async fn confirm(
        &self,
        token: &HiddenText,
        subject: &str,
        audience: &str,
    ) -> Result<(), Refusal> {
        // SHA-256 has the length of a digest. Nobody guesses a token by it: a token holds a signature.
        let digest = digest(&SHA256, token.reveal().as_bytes()).as_ref().try_into().unwrap_or_default();
        let is_valid = match self.known(&digest) {
            Some(is_valid) => is_valid,
            None => self.learn(digest, token, subject, audience).await?,
        };
        if is_valid { Ok(()) } else { Err(Refusal::Login) }
    }

    fn known(&self, digest: &Digest) -> Option<bool> {
        let verdict = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).get(digest);
        verdict.filter(|verdict| Instant::now() < verdict.until).map(|verdict| verdict.is_valid)
    }

    fn remember(&self, digest: Digest, is_valid: bool) {
        let verdict = Verdict { is_valid, until: Instant::now() + LIFE };
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, verdict);
    }

    /// Asks when it is the turn of this question. Nobody waits longer than for an answer.
    async fn learn(
        &self,
        digest: Digest,
        token: &HiddenText,
        subject: &str,
        audience: &str,
    ) -> Result<bool, Refusal> {
        let _place = self.places.try_acquire().map_err(|_| Refusal::Busy)?;
        let turn = timeout(PATIENCE, self.asked.acquire()).await;
        let _turn = turn.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Busy)?;
        // Another login with the same token may have been answered meanwhile.
        if let Some(is_valid) = self.known(&digest) {
            return Ok(is_valid);
        }
        let is_valid = self.ask(token, subject, audience).await?;
        self.remember(digest, is_valid);
        Ok(is_valid)
    }

    async fn ask(&self, token: &HiddenText, subject: &str, audience: &str) -> Result<bool, Refusal> {
        let spec =
            TokenReviewSpec { audiences: Some(vec![audience.to_owned()]), token: token.reveal().to_owned() };
        let review = TokenReview { metadata: ObjectMeta::default(), spec, status: None };
        match timeout(PATIENCE, self.api.create(&PostParams::default(), &review)).await {
            Ok(Ok(review)) => {
                Ok(review.status.is_some_and(|status| is_confirmed(&status, subject, audience)))
            }
            Ok(Err(error)) => {
                tracing::warn!(error = %Causes(&error), "the token of a service account cannot be reviewed");
                Err(Refusal::Unverified)
            }
            Err(_) => {
                tracing::warn!("the token of a service account cannot be reviewed: no answer within 5 s");
                Err(Refusal::Unverified)
            }
        }
    }
}

/// An API server that does not know audiences names none, so its answer is worth nothing.
fn is_confirmed(status: &TokenReviewStatus, subject: &str, audience: &str) -> bool {
    let user = status.user.as_ref().and_then(|user| user.username.as_deref());
    let has_audience = status.audiences.iter().flatten().any(|known| known == audience);
    status.authenticated == Some(true) && has_audience && user == Some(subject)
}

impl std::fmt::Debug for Reviews {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Reviews").finish_non_exhaustive()
    }
}
