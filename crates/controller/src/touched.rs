//! A watch that keeps nothing: it reports the metadata of what was created, changed or deleted.

use std::pin::pin;
use std::time::Duration;

use cluster::{Object, PAGE};
use decide::Kind;
use futures::StreamExt as _;
use kube::Api;
use kube::api::PartialObjectMeta;
use kube::runtime::watcher::Config;
use kube::runtime::{WatchStreamExt as _, watcher};
use process::causes::Causes;

/// When a watch of a kind begins again that the cluster may not have.
const PAUSE: Duration = Duration::from_mins(1);

/// The metadata of an object of any kind.
pub(crate) type AnyObject = PartialObjectMeta<Object>;

/// Follows objects of a kind, without an end.
pub(crate) async fn follow(kind: Kind, api: Api<AnyObject>, config: Config, changed: impl Fn(&AnyObject)) {
    let config = config.page_size(PAGE);
    loop {
        let mut objects = pin!(watcher(api.clone(), config.clone()).default_backoff().touched_objects());
        while let Some(object) = objects.next().await {
            match object {
                Ok(object) => changed(&object),
                // Not every cluster has cert-manager: asked again and again, it would answer so all the time.
                Err(_) if kind == Kind::Certificate => break,
                Err(error) => tracing::warn!(error = %Causes(&error), %kind, "a watch is interrupted"),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
