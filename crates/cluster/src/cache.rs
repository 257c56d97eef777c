//! Objects of one kind, from a watch. Only the few fields that are used are cached; objects are found by name or by
//! their group.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use decide::Key;
use futures::{Stream, StreamExt as _};
use kube::runtime::watcher::{Config, Error, Event};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Resource};
use process::causes::Causes;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

/// How many objects a page of a list has. A page is in memory as a whole, and others decide how large its objects are:
/// up to 1.5 MiB each.
pub const PAGE: u32 = 20;

/// What is cached of an object.
pub trait Cached: Debug + Send + Sync + 'static {
    /// The group by which it is found, besides its name: the UID of its Function, or its namespace.
    fn group(&self) -> &str;

    /// Takes over from the previous value what outlasts a change.
    fn succeed(&mut self, _before: &Self) {}
}

/// An object that was created, changed or deleted.
#[derive(Debug)]
pub struct Change<T> {
    /// Its namespace and name.
    pub key: Key,
    /// The previous value.
    pub before: Option<Arc<T>>,
    /// The current value.
    pub after: Option<Arc<T>>,
}

/// The cache of all objects of a kind.
#[derive(Debug)]
pub struct Cache<T> {
    objects: RwLock<Objects<T>>,
    synced: watch::Sender<bool>,
}

#[derive(Debug)]
struct Objects<T> {
    /// Each object with its version.
    by_key: HashMap<Key, (u64, Arc<T>)>,
    /// Keys by group, in one tree, since most groups have one object.
    groups: BTreeSet<(Box<str>, Key)>,
    /// The objects listed so far, during a new list.
    listed: Option<HashSet<Key>>,
    /// The latest version that the watch has reported.
    seen: u64,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        let objects = Objects { by_key: HashMap::new(), groups: BTreeSet::new(), listed: None, seen: 0 };
        Self { objects: RwLock::new(objects), synced: watch::Sender::new(false) }
    }
}

impl<T: Cached> Cache<T> {
    /// The object with a key.
    pub fn get(&self, key: &Key) -> Option<Arc<T>> {
        self.read().by_key.get(key).map(|(_, object)| Arc::clone(object))
    }

    /// The objects of a group, by key.
    pub fn group(&self, group: &str) -> Vec<(Key, Arc<T>)> {
        let objects = self.read();
        let members = objects.groups.range((group.into(), Key::default())..);
        members
            .take_while(|(known, _)| **known == *group)
            .filter_map(|(_, key)| Some((key.clone(), Arc::clone(&objects.by_key.get(key)?.1))))
            .collect()
    }

    /// Waits until everything has been listed once.
    pub async fn ready(&self) {
        // The sender lives as long as this cache.
        let _ = self.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// Whether everything has been listed once.
    pub fn is_ready(&self) -> bool {
        *self.synced.borrow()
    }

    /// Caches the API server's answer to a write before the watch shows it. An answer that is older than the watch is
    /// ignored: the object is deleted, or has changed since.
    pub fn answered(&self, key: Key, version: Option<&str>, object: T) {
        let mut objects = self.write();
        let version = self::version(version);
        if version > objects.seen {
            objects.put(key, version, object);
        }
    }

    fn shown(&self, key: Key, version: Option<&str>, object: T) -> Option<Change<T>> {
        let mut objects = self.write();
        let version = self::version(version);
        objects.see(version);
        if let Some(listed) = &mut objects.listed {
            listed.insert(key.clone());
        }
        objects.put(key, version, object)
    }

    fn remove(&self, key: Key) -> Option<Change<T>> {
        let before = self.write().remove(&key)?;
        Some(Change { key, before: Some(before), after: None })
    }

    /// Follows a watch, without an end. Reports every change, also those that were missed while there was no watch.
    pub async fn follow<K>(
        &self,
        api: Api<K>,
        config: Config,
        keep: impl Fn(&K) -> Option<T>,
        changed: impl Fn(Change<T>),
    ) where
        K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let events = watcher(api, config.page_size(PAGE)).default_backoff();
        self.take_in(events, keep, changed).await;
    }

    async fn take_in<K: Resource>(
        &self,
        events: impl Stream<Item = Result<Event<K>, Error>>,
        keep: impl Fn(&K) -> Option<T>,
        changed: impl Fn(Change<T>),
    ) {
        let tell = |change: Option<Change<T>>| change.into_iter().for_each(&changed);
        let put = |object: &K| {
            let key = key(object);
            // An object that causes a panic is skipped, so that all others are still followed.
            let cached = catch_unwind(AssertUnwindSafe(|| keep(object)));
            match cached.unwrap_or_else(|_| failed_on(&key)) {
                Some(cached) => self.shown(key, object.meta().resource_version.as_deref(), cached),
                None => self.remove(key),
            }
        };
        events
            .for_each(|event| {
                match event {
                    Ok(Event::Init) => self.write().listed = Some(HashSet::new()),
                    Ok(Event::InitApply(object) | Event::Apply(object)) => tell(put(&object)),
                    Ok(Event::Delete(object)) => {
                        self.write().see(version(object.meta().resource_version.as_deref()));
                        tell(self.remove(key(&object)));
                    }
                    Ok(Event::InitDone) => {
                        self.vanished().into_iter().for_each(|key| tell(self.remove(key)));
                        self.synced.send_replace(true);
                    }
                    Err(error) => tracing::warn!(error = %Causes(&error), "a watch is interrupted"),
                }
                ready(())
            })
            .await;
    }

    fn vanished(&self) -> Vec<Key> {
        let mut objects = self.write();
        let listed = objects.listed.take().unwrap_or_default();
        objects.by_key.keys().filter(|key| !listed.contains(*key)).cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Objects<T>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Objects<T>> {
        self.objects.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Cached> Objects<T> {
    fn see(&mut self, version: u64) {
        self.seen = self.seen.max(version);
    }

    /// `None` if the cached object is as new.
    fn put(&mut self, key: Key, version: u64, mut object: T) -> Option<Change<T>> {
        if self.by_key.get(&key).is_some_and(|(known, _)| *known >= version) {
            return None;
        }
        let before = self.remove(&key);
        if let Some(before) = &before {
            object.succeed(before);
        }
        let after = Arc::new(object);
        self.groups.insert((after.group().into(), key.clone()));
        self.by_key.insert(key.clone(), (version, Arc::clone(&after)));
        Some(Change { key, before, after: Some(after) })
    }

    fn remove(&mut self, key: &Key) -> Option<Arc<T>> {
        let (_, before) = self.by_key.remove(key)?;
        self.groups.remove(&(before.group().into(), key.clone()));
        Some(before)
    }
}

fn failed_on<T>((namespace, name): &Key) -> Option<T> {
    tracing::error!(namespace, name, "the controller failed on an object and skips it");
    None
}

/// Versions of objects are numbers that grow.
#[must_use]
pub fn version(version: Option<&str>) -> u64 {
    version.and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// The namespace and the name of an object.
pub fn key<K: Resource>(object: &K) -> Key {
    let meta = object.meta();
    (meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default())
}

#[cfg(test)]
mod tests;
