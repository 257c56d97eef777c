//! Who runs the reconcilers: of all controllers of a cluster the one that holds the Lease.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Either, join_all, select};
use kube::Client;
use process::lease::{Lease, Term};
use tokio::sync::watch;

use crate::certificates::Turn;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Shared;
use crate::{
    copies, credentials, function_registries, functions, image_accounts, image_build_envs, image_registries,
    image_secrets, nodes, registry_caches, runtimes,
};

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

/// The reconcilers. They know nothing of each other.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub enum Reconciler {
    /// Brings Functions forward
    Functions,
    /// Copies labelled objects of the base namespace into all others
    Copies,
    /// Verifies the credentials of registry Secrets
    Credentials,
    /// Hands the runtimes of the base namespace to the webhook
    Runtimes,
    /// Composes what nodes pull from
    Nodes,
    /// Merges the Secrets of build environments
    ImageBuildEnvs,
    /// Runs registries in the cluster
    ImageRegistries,
    /// Makes and rotates the credentials of push and pull secrets
    ImageSecrets,
    /// Deletes accounts of registries that have expired
    ImageAccounts,
    /// Gives Functions a registry in the cluster
    FunctionRegistries,
    /// Runs pull-through caches
    RegistryCaches,
}

impl Reconciler {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Functions,
        Self::Copies,
        Self::Credentials,
        Self::Runtimes,
        Self::Nodes,
        Self::ImageBuildEnvs,
        Self::ImageRegistries,
        Self::ImageSecrets,
        Self::ImageAccounts,
        Self::FunctionRegistries,
        Self::RegistryCaches,
    ];

    fn run<'a>(
        self,
        shared: &'a Shared,
        config: &'a Config,
        end: impl Future<Output = ()> + Send + Sync + 'static,
    ) -> BoxFuture<'a, ()> {
        match self {
            Self::Functions => functions::run(shared, config, end).boxed(),
            Self::Copies => copies::run(shared, config, end).boxed(),
            Self::Credentials => credentials::run(shared, config, end).boxed(),
            Self::Runtimes => runtimes::run(shared, config, end).boxed(),
            Self::Nodes => nodes::run(shared, config, end).boxed(),
            Self::ImageBuildEnvs => image_build_envs::run(shared, config, end).boxed(),
            Self::ImageRegistries => image_registries::run(shared, config, end).boxed(),
            Self::ImageSecrets => image_secrets::run(shared, config, end).boxed(),
            Self::ImageAccounts => image_accounts::run(shared, config, end).boxed(),
            Self::FunctionRegistries => function_registries::run(shared, config, end).boxed(),
            Self::RegistryCaches => registry_caches::run(shared, config, end).boxed(),
        }
    }
}

/// Runs reconcilers whenever no other controller does, until `stopping` says so; without an election at once.
pub async fn lead(
    client: &Client,
    config: &Config,
    reconcilers: &[Reconciler],
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
        let shared = Shared {
            client: client.clone(),
            term: term.clone(),
            metrics: Arc::clone(metrics),
            root_turn: Turn::default(),
        };
        let each =
            |reconciler: &Reconciler| reconciler.run(&shared, config, term.clone().ended_or(stopped()));
        join_all(reconcilers.iter().map(each)).await;
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
            tracing::warn!("no longer leads");
        }
        leader.resign().await;
    }
}
