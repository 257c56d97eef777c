//! The one loop of all reconcilers. A watch reports objects; each is reconciled, and again when something changes, when
//! it is time, or after an error. A panic ends the reconcile of one object only.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use futures::future::{join, ready};
use futures::stream::BoxStream;
use futures::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _};
use kube::runtime::controller::Config as LoopConfig;
use kube::runtime::reflector::{ObjectRef, Store, store};
use kube::runtime::watcher::{Config as WatcherConfig, Error as WatchError, Event};
use kube::runtime::{Controller, WatchStreamExt as _, watcher};
use kube::{Api, Resource};
use process::causes::Causes;
use serde::de::DeserializeOwned;

pub use kube::runtime::controller::Action;

use crate::cache::PAGE;
use crate::error::Error;
use crate::guarded::guarded;
use crate::shutdown;

/// What a reconciler does for the objects of a kind.
pub trait Reconciler: Send + Sync + 'static {
    /// The objects.
    type Object: Clone + Debug + DeserializeOwned + Resource<DynamicType = ()> + Send + Sync + 'static;

    /// Waits until the caches that a reconcile needs are filled.
    fn ready(&self) -> impl Future<Output = ()> + Send;

    /// Reconciles an object: observes, decides, writes. Returns when to reconcile it again.
    fn look(&self, object: &Self::Object) -> impl Future<Output = Result<Action, Error>> + Send;

    /// A reconcile has failed: when to retry.
    fn failed(&self, object: &Self::Object, error: &Error) -> Action;

    /// A reconcile has panicked: a chance to report this in the status of the object.
    fn panicked(&self, _object: &Self::Object) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// Receives every event of the watch, before any reconcile.
    fn seen(&self, _event: &Event<Self::Object>) {}

    /// Whether a change needs no reconcile, because this process made it.
    fn is_echo(&self, _object: &Self::Object) -> bool {
        false
    }
}

/// A watch of objects, with the store that it fills.
pub struct Watch<K>
where
    K: Resource + 'static,
    K::DynamicType: Eq + Hash,
{
    store: Store<K>,
    events: BoxStream<'static, Result<Event<K>, WatchError>>,
}

impl<K> Watch<K>
where
    K: Clone + Debug + DeserializeOwned + Resource<DynamicType = ()> + Send + Sync + 'static,
{
    /// A watch that has not started. `trim` removes from each object the fields that are not cached.
    #[must_use]
    pub fn new(api: Api<K>, config: WatcherConfig, trim: fn(&mut K)) -> Self {
        let (store, writer) = store();
        let events =
            watcher(api, config.page_size(PAGE)).default_backoff().modify(trim).reflect(writer).boxed();
        Self { store, events }
    }

    /// The store that the watch fills.
    #[must_use]
    pub fn store(&self) -> Store<K> {
        self.store.clone()
    }
}

/// Runs a loop until `end` completes; reconciles that are running then finish. `woken` are objects to reconcile
/// although they have not changed. At most `concurrency` reconciles run at the same time; 0 means no limit.
pub async fn run<R: Reconciler>(
    reconciler: Arc<R>,
    watch: Watch<R::Object>,
    woken: impl Stream<Item = ObjectRef<R::Object>> + Send + 'static,
    concurrency: u16,
    end: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let Watch { store, events } = watch;
    let (seeing, echoing) = (Arc::clone(&reconciler), Arc::clone(&reconciler));
    let objects = events
        .inspect_ok(move |event| seeing.seen(event))
        .applied_objects()
        .try_filter(move |object| ready(!echoing.is_echo(object)));
    let end = end.shared();
    let looks = Controller::for_stream(objects, store.clone())
        .with_config(LoopConfig::default().concurrency(concurrency))
        .reconcile_on(woken)
        .graceful_shutdown_on(end.clone())
        .run(
            look,
            |object, error, reconciler: Arc<R>| reconciler.failed(&object, error),
            Arc::clone(&reconciler),
        )
        .for_each(async |result| {
            if let Err(error) = result {
                tracing::debug!(%error, "not reconciled");
            }
        });
    let all_seen = join(store.wait_until_ready(), reconciler.ready());
    shutdown::in_order(looks.boxed(), end, all_seen).await;
}

async fn look<R: Reconciler>(object: Arc<R::Object>, reconciler: Arc<R>) -> Result<Action, Error> {
    let looked = async {
        reconciler.ready().await;
        reconciler.look(&object).await
    };
    let looked = guarded(looked).await;
    if let Err(Error::Panicked) = looked {
        // If the status cannot be written, the panic is at least in the log.
        let said = guarded(reconciler.panicked(&object)).await;
        said.unwrap_or_else(
            |error| tracing::warn!(error = %Causes(&error), "cannot report a failure in the status"),
        );
    }
    looked
}
