//! Pull-through caches, which nodes ask before the upstreams. What nodes need of one is in its status and in the Secret with
//! the authority of its certificate.

use std::sync::Arc;

use api::cache::RegistryCache;
use api::names::cache::BUNDLE;
use api::names::container_registries::OF_REGISTRY_CACHE;
use cluster::{Cache, Cached, Change, Error, Writer};
use decide::Kind;
use decide::nodes::compose::{Composed, Source};
use decide::nodes::of_cache::{Published, of_cache, published};
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use policy::container_registries::Registries;
use serde::Deserialize as _;
use tokio::task::JoinSet;

use super::following::{authorities, awaited, follow_certificates, value};
use crate::base_namespace::Wake;

/// What is cached of a cache.
#[derive(Debug, PartialEq)]
struct Known {
    upstream: String,
    published: Published,
}

impl Cached for Known {
    /// All are of one group: they have no namespace.
    fn group(&self) -> &'static str {
        ""
    }
}

/// The caches of the cluster.
#[derive(Default)]
pub(super) struct Caches(Cache<Known>);

impl Caches {
    /// Follows caches and the Secrets with their authorities. Without their CRD, nobody waits for them.
    pub(super) fn follow(
        self: &Arc<Self>,
        client: &Client,
        namespace: &str,
        wake: &Wake,
        tasks: &mut JoinSet<()>,
    ) {
        let (caches, wake_on_change) = (Arc::clone(self), wake.clone());
        let api = Api::<RegistryCache>::all(client.clone());
        tasks.spawn(async move {
            let keep = |cache: &RegistryCache| {
                let published = published(cache.status.as_ref()?)?;
                let is_left = cache.metadata.deletion_timestamp.is_none();
                is_left.then(|| Known { upstream: cache.spec.upstream.clone(), published })
            };
            let changed = |change: Change<Known>| {
                if change.before != change.after {
                    wake_on_change.wake();
                }
            };
            caches.0.follow(api, WatcherConfig::default(), keep, changed).await;
        });
        let (caches, wake_once) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            caches.0.ready().await;
            wake_once.wake();
        });
        let caches = Arc::clone(self);
        let holds_one = move |secret: &str| caches.have_authority(secret);
        tasks.spawn(follow_certificates(client.clone(), namespace.to_owned(), holds_one, wake.clone()));
    }

    /// What nodes learn of them; `namespace` is that of their objects. What is composed of them stays until the watch has shown
    /// them.
    pub(super) async fn sources(
        &self,
        writer: &Writer,
        namespace: &str,
        present: Option<&Composed>,
    ) -> Result<Vec<Source>, Error> {
        if !self.0.is_ready() {
            return Ok(awaited(present, OF_REGISTRY_CACHE));
        }
        let is_composed =
            |name: &String| present.is_some_and(|present| present.owners.values().any(|owner| owner == name));
        let mut sources = Vec::new();
        for ((_, name), known) in self.0.group("") {
            let name = format!("{OF_REGISTRY_CACHE}{name}");
            if known.published.is_ready || is_composed(&name) {
                let registries = read(writer, namespace, &known).await?;
                sources.push(Source { name, registries });
            }
        }
        Ok(sources)
    }

    fn have_authority(&self, secret: &str) -> bool {
        self.0.group("").iter().any(|(_, known)| known.published.authority.as_deref() == Some(secret))
    }
}

/// What nodes learn of a cache; none if its authority cannot be read.
async fn read(writer: &Writer, namespace: &str, known: &Known) -> Result<Option<Registries>, Error> {
    let Published { endpoint, authority, .. } = &known.published;
    let Some(authority) = authority else { return Ok(Some(of_cache(&known.upstream, endpoint, None))) };
    let Some(secret) = writer.get(Kind::Secret, namespace, authority).await? else { return Ok(None) };
    let secret = Secret::deserialize(&secret).map_err(Error::of_json)?;
    let authorities = authorities(value(&secret, BUNDLE));
    let is_there = !authorities.is_empty();
    Ok(is_there.then(|| of_cache(&known.upstream, endpoint, Some(&authorities))))
}
