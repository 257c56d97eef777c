//! Which images a login has pulled, for a day: what it may pull while the upstream is away, if that is all it may.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::generations::{Digest, Generations, hashed};

/// How long a pull is remembered.
const LIFE: Duration = Duration::from_hours(24);

/// The images.
#[derive(Debug, Default)]
pub(super) struct Images(Mutex<Generations<Instant>>);

impl Images {
    /// A login has pulled an image, by tag or by digest.
    pub(super) fn put(&self, login: &Digest, repository: &str, reference: &str, now: Instant) {
        let image = image(login, repository, reference);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(image, now + LIFE);
    }

    /// Whether it has.
    pub(super) fn has(&self, login: &Digest, repository: &str, reference: &str, now: Instant) -> bool {
        let image = image(login, repository, reference);
        let end = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&image);
        end.is_some_and(|end| now < end)
    }
}

/// Neither a repository nor a reference has a colon before a digest, or a space.
fn image(login: &Digest, repository: &str, reference: &str) -> Digest {
    hashed([login, repository.as_bytes(), b" ", reference.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_image_is_known_to_who_has_pulled_it_for_a_day() {
        let (images, now) = (Images::default(), Instant::now());
        images.put(&[1; 32], "a/b", "latest", now);
        assert!(images.has(&[1; 32], "a/b", "latest", now));
        for (login, repository, reference) in [(2, "a/b", "latest"), (1, "a", "latest"), (1, "a/b", "1")] {
            assert!(!images.has(&[login; 32], repository, reference, now));
        }
        assert!(!images.has(&[1; 32], "a/b", "latest", now + LIFE));
    }
}
