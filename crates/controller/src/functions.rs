//! The reconciler of Functions: watches them and the objects that they depend on, decides the next steps of one Function at a
//! time, takes them and reports them.

mod builds;
mod cached;
mod channels;
mod look;
mod lookups;
mod memory;
mod names;
mod packed;
mod pods;
mod repository;
mod say;
mod steps;
mod stores;
mod watches;

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;

use cluster::reconcile::{self, Watch};
use cluster::{Turns, Writer};
use decide::function::slots::Slots;
use decide::function::{Function, Observed, Plan, decide};
use futures::StreamExt as _;
use futures::channel::mpsc::unbounded;
use futures::future::select;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::runtime::watcher::Config as WatcherConfig;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Shared;
use builds::Builds;
use channels::Channels;
use lookups::Lookups;
use memory::Memory;
use packed::PackedFunction;
use stores::Stores;
use watches::Watches;

/// What decides.
pub type Decide = fn(&decide::function::Config, &Function, &Observed, Time) -> Plan;

/// All that a look at a Function needs.
struct Functions {
    config: decide::function::Config,
    writer: Writer,
    stores: Arc<Stores>,
    builds: Arc<Builds>,
    lookups: Lookups,
    memory: Memory,
    metrics: Arc<Metrics>,
    /// Looks at Functions, namespaces in turn.
    turns: Turns,
    decide: Decide,
}

/// Runs until `end` comes; what is being done then is finished.
pub async fn run(shared: &Shared, config: &Config, end: impl Future<Output = ()> + Send + Sync + 'static) {
    run_with(shared, config, end, decide).await;
}

/// As [`run`], with decisions of the caller's: so a test can have one that fails.
pub async fn run_with(
    shared: &Shared,
    config: &Config,
    end: impl Future<Output = ()> + Send + Sync + 'static,
    decide: Decide,
) {
    let Shared { client, metrics, .. } = shared;
    let watch = Watch::new(Api::<PackedFunction>::all(client.clone()), WatcherConfig::default(), |_| {});
    let base_namespace = &config.propagation.base_namespace;
    let stores = Arc::new(Stores::new(watch.store(), &config.functions, base_namespace));
    let (wake, woken) = unbounded();
    let (jobs, changed_jobs) = unbounded();
    let channels = Channels { wake: wake.clone(), jobs };
    // They end with this function.
    let _watches = Watches::start(&stores, client, &channels);
    let slots = Slots::new(config.max_builds, config.builds_per_namespace());
    let builds = Arc::new(Builds::new(slots, Arc::clone(&stores), Arc::clone(metrics), wake.clone()));
    let workers = usize::from(config.workers);
    let functions = Functions {
        config: config.functions.clone(),
        writer: shared.writer(),
        stores,
        builds: Arc::clone(&builds),
        lookups: Lookups::new(shared.writer(), config.git.clone(), Arc::clone(metrics), wake),
        memory: Memory::default(),
        metrics: Arc::clone(metrics),
        // What is left for the others is a quarter.
        turns: Turns::new(workers, workers - workers / 4),
        decide,
    };
    let seen = watch.store();
    let slots = async {
        // Only then it is known whose Jobs they are.
        let _ = seen.wait_until_ready().await;
        let changes = changed_jobs.for_each(|(job, building)| {
            builds.job_changed(&job, building.as_ref());
            ready(())
        });
        changes.await;
    };
    let looks = reconcile::run(Arc::new(functions), watch, woken, config.workers, end);
    // The slots first: no Function is looked at before it is known which Jobs build.
    select(pin!(slots), pin!(looks)).await;
}
