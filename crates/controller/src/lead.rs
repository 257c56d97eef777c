//! Who runs the loop: of all controllers of a cluster the one that holds the Lease.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, join3, select};
use kube::Client;
use process::lease::{Lease, Term};
use tokio::sync::watch;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::{propagation, registry_check, run};

/// How a leader is found.
#[derive(Clone, Debug)]
pub struct Election {
    /// The namespace of the Lease.
    pub namespace: String,
    /// The name of the Lease.
    pub lease: String,
    /// Who asks, different from all others.
    pub identity: String,
    /// How long a leader that is silent is waited for.
    pub duration: Duration,
}

/// Runs the loop whenever no other controller does, until `stopping` says so; without an election at once.
pub async fn lead(
    client: &Client,
    config: &Config,
    election: Option<&Election>,
    metrics: &Arc<Metrics>,
    stopping: watch::Receiver<bool>,
) {
    let stopped = || {
        let mut stopping = stopping.clone();
        // Without a sender nobody can ask to stop any more, and the process is ending.
        async move { drop(stopping.wait_for(|stopping| *stopping).await) }
    };
    let run = async |term: Term| {
        let metrics = || Arc::clone(metrics);
        let copies = propagation::run(client.clone(), config, term.clone(), metrics(), stopped());
        let functions = run::run(client.clone(), config.clone(), term.clone(), metrics(), stopped());
        let checks = registry_check::run(client.clone(), config, term, metrics(), stopped);
        join3(copies, functions, checks).await;
    };
    let Some(election) = election else {
        metrics.leads.set(1);
        return run(Term::endless()).await;
    };
    while !*stopping.borrow() {
        let Election { namespace, lease, identity, duration } = election;
        let lease = Lease::new(client.clone(), namespace, lease, identity, *duration);
        let leader = match select(pin!(lease.lead()), pin!(stopped())).await {
            Either::Left((leader, _)) => leader,
            Either::Right(_) => return,
        };
        metrics.leads.set(1);
        run(leader.term.clone()).await;
        metrics.leads.set(0);
        if !leader.term.holds() {
            tracing::warn!("does not lead any more");
        }
        leader.resign().await;
    }
}
