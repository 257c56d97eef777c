//! A watch that begins anew whenever it is interrupted.

use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt as _;
use kube::Api;
use kube::runtime::watcher;
use kube::runtime::watcher::{Config, Event};
use process::causes::Causes;
use serde::de::DeserializeOwned;

/// The first pause before an interrupted watch begins anew.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// The last one: what is new is known soon after the API server is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Follows objects, without an end. Reports each event, and `None` when the watch is interrupted. `what` is what the log
/// calls the objects.
pub(crate) async fn follow<K>(
    api: Api<K>,
    config: Config,
    what: &'static str,
    mut report: impl FnMut(Option<Event<K>>),
) where
    K: kube::Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut pause = SHORTEST_PAUSE;
    loop {
        let mut events = pin!(watcher(api.clone(), config.clone()));
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if matches!(event, Event::InitDone) {
                        pause = SHORTEST_PAUSE;
                    }
                    report(Some(event));
                }
                Err(error) => {
                    tracing::warn!(error = %Causes(&error), "the watch of {what} is interrupted");
                    break;
                }
            }
        }
        report(None);
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}
