//! The time of the API server, which is the one by which it stamps objects. The clock of this machine may be wrong, and may
//! jump.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::DATE;
use http::{Request, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use kube::Client;
use kube::client::Body;
use process::causes::Causes;
use tokio::time::{Instant, sleep, timeout};

use crate::error::Error;

/// How long an answer is used. In between, only the time that has passed is measured.
const RENEWAL: Duration = Duration::from_mins(10);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How often the API server is asked whether it serves a resource.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// The time of the API server.
pub struct Clock {
    client: Client,
    /// What is asked for: a list of a resource, of which one object is enough.
    path: String,
    known: Mutex<Option<(Timestamp, Instant)>>,
}

impl Clock {
    /// A clock that asks with a list of a resource, by its group with the version and its plural.
    #[must_use]
    pub fn new(client: Client, group: &str, plural: &str) -> Self {
        Self { client, path: format!("/apis/{group}/{plural}?limit=1"), known: Mutex::default() }
    }

    /// Waits until the API server serves the resource: its CRD may be installed later.
    pub async fn served(&self) {
        let mut is_said = false;
        while let Ok((StatusCode::NOT_FOUND, _)) = self.ask().await {
            if !is_said {
                tracing::info!(path = self.path, "the cluster does not have this resource yet");
                is_said = true;
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// The time now. It is never that of this machine, which may be wrong.
    ///
    /// # Errors
    /// If the API server has never told its time, and does not now.
    pub async fn now(&self) -> Result<Timestamp, Error> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let later = |(time, at): (Timestamp, Instant)| time.checked_add(at.elapsed()).unwrap_or(time);
        if let Some(known) = known.filter(|(_, at)| at.elapsed() < RENEWAL) {
            return Ok(later(known));
        }
        let answer = match timeout(ANSWER, self.ask()).await {
            Ok(Ok((_, Some(time)))) => return Ok(time),
            Ok(Ok((_, None))) | Err(_) => Error::NoTime,
            Ok(Err(error)) => error.into(),
        };
        tracing::debug!(error = %Causes(&answer), "the API server does not tell its time");
        known.map(later).ok_or(answer)
    }

    /// The status of the answer, and when it was given, to the second.
    async fn ask(&self) -> kube::Result<(StatusCode, Option<Timestamp>)> {
        let request = Request::get(&self.path).body(Body::empty()).map_err(kube::Error::HttpError)?;
        let answer = self.client.send(request).await?;
        let time = answer.headers().get(DATE).and_then(|date| time_of(date.to_str().ok()?));
        if let Some(time) = time {
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((time, Instant::now()));
        }
        Ok((answer.status(), time))
    }
}

/// The time in a header.
fn time_of(date: &str) -> Option<Timestamp> {
    rfc2822::parse(date).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::convert::Infallible;
    use std::sync::Arc;

    use futures::future::ready;
    use http::Response;
    use tower::service_fn;

    use super::*;

    const DATE_OF_TEST: &str = "Fri, 27 Nov 2026 02:45:44 GMT";

    #[test]
    fn the_header_of_an_answer_is_a_time() {
        let time = time_of(DATE_OF_TEST);
        assert_eq!(time.map(Timestamp::as_second), Some(1_795_747_544));
        assert_eq!(time_of("soon"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_of_this_machine_is_never_used() {
        let date = Arc::new(Mutex::new(None::<&str>));
        let dated = Arc::clone(&date);
        let service = service_fn(move |_: Request<Body>| {
            let mut answer = Response::new(Body::empty());
            if let Some(date) = *dated.lock().unwrap() {
                answer.headers_mut().insert(DATE, date.parse().unwrap());
            }
            ready(Ok::<_, Infallible>(answer))
        });
        let clock = Clock::new(Client::new(service, "default"), "group/v1", "things");
        assert!(matches!(clock.now().await, Err(Error::NoTime)));
        *date.lock().unwrap() = Some(DATE_OF_TEST);
        let time = clock.now().await.unwrap();
        assert_eq!(time.as_second(), 1_795_747_544);
        // Once it is known, it goes on, even if nobody tells it again.
        *date.lock().unwrap() = None;
        tokio::time::advance(RENEWAL * 2).await;
        let passed = clock.now().await.unwrap().duration_since(time);
        assert_eq!(passed.as_secs(), 1200);
    }
}
