//! Who hears of a change: which Functions are to be looked at, and which Jobs build.

use std::fmt::Debug;

use cluster::{Change, InNamespace, Presence};
use decide::Key;
use decide::function::RuntimeMap;
use decide::owner::Owner;
use futures::channel::mpsc::UnboundedSender;
use kube::runtime::reflector::ObjectRef;

use super::cached::{CachedJob, Child, RunningPod};
use super::packed::{PackedFunction, reference};
use super::repository::Repository;
use super::stores::Stores;

/// Who hears of changes.
#[derive(Clone)]
pub(super) struct Channels {
    /// Functions to look at.
    pub(super) wake: UnboundedSender<ObjectRef<PackedFunction>>,
    /// Jobs, each with the Function that it says it builds for; `None` if it does not build, or not any more.
    pub(super) jobs: UnboundedSender<(Key, Option<Owner>)>,
}

impl Channels {
    /// Of an object that was made for a Function.
    pub(super) fn child(&self, stores: &Stores, change: &Change<Child>) {
        if let Some(child) = change.after.as_ref().or(change.before.as_ref()) {
            self.wake(stores, &change.key.0, &child.function);
        }
    }

    pub(super) fn job(&self, stores: &Stores, change: &Change<CachedJob>) {
        let Change { key, before, after } = change;
        if let (Some(before), Some(after)) = (before, after)
            && !before.job.differs(&after.job)
        {
            return;
        }
        let building = after.as_ref().filter(|cached| cached.job.is_building());
        if building.is_none() {
            stores.forget_stopped(key);
        }
        // Nobody listens when the loop has ended.
        let _ = self.jobs.unbounded_send((key.clone(), building.map(|cached| cached.job.owner.clone())));
        if let Some(cached) = after.as_ref().or(before.as_ref()) {
            self.wake(stores, &key.0, &cached.job.owner.name);
        }
    }

    /// Of a Pod of a build that ran: it has ended, or is gone.
    pub(super) fn running_pod(&self, stores: &Stores, change: &Change<RunningPod>) {
        let Change { key: (namespace, _), before: Some(pod), after: None } = change else { return };
        if let Some(function) = stores.stop(namespace, &pod.job) {
            self.wake(stores, namespace, &function);
        }
    }

    /// Of a Service of somebody else: its name is that of one Function.
    pub(super) fn service_of_others(&self, stores: &Stores, change: &Change<Presence>) {
        if has_come_or_gone(change) {
            self.wake(stores, &change.key.0, &change.key.1);
        }
    }

    /// Of a runtime. One of the base namespace may be new to all others, where its copy wakes Functions.
    pub(super) fn runtime(&self, stores: &Stores, change: &Change<InNamespace<RuntimeMap>>) {
        if change.key.0 == stores.base_namespace {
            stores.install();
        }
        self.prerequisite(stores, change);
    }

    /// Of a runtime or a registry.
    pub(super) fn prerequisite<T: Debug>(&self, stores: &Stores, change: &Change<T>) {
        self.wake_those(stores, &change.key.0, |_| true);
    }

    pub(super) fn account(&self, stores: &Stores, change: &Change<Presence>) {
        if has_come_or_gone(change) {
            self.wake_those(stores, &change.key.0, |_| true);
        }
    }

    pub(super) fn repository(&self, stores: &Stores, change: &Change<Repository>) {
        let (namespace, name) = &change.key;
        self.wake_those(stores, namespace, |function| function.is_in(name));
    }

    /// Of a Secret with which repositories may be read.
    pub(super) fn git_secret(&self, stores: &Stores, change: &Change<Presence>) {
        let (namespace, secret) = &change.key;
        let is_read_with = |repository: &Repository| {
            repository.spec.auth.as_ref().is_some_and(|auth| auth.secret_name == *secret)
        };
        let repositories = stores.repositories.group(namespace).into_iter();
        let names: Vec<_> = repositories
            .filter(|(_, repository)| is_read_with(repository))
            .map(|((_, name), _)| name)
            .collect();
        if !names.is_empty() {
            self.wake_those(stores, namespace, |function| names.iter().any(|name| function.is_in(name)));
        }
    }

    fn wake(&self, stores: &Stores, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        if stores.has_function(&key) {
            let _ = self.wake.unbounded_send(reference(&key));
        }
    }

    fn wake_those(&self, stores: &Stores, namespace: &str, is_meant: impl Fn(&PackedFunction) -> bool) {
        for name in stores.names.of(namespace) {
            let function = reference(&(namespace.to_owned(), name));
            if stores.functions.get(&function).is_some_and(|function| is_meant(&function)) {
                let _ = self.wake.unbounded_send(function);
            }
        }
    }
}

fn has_come_or_gone<T>(change: &Change<T>) -> bool {
    let Change { before, after, .. } = change;
    before.is_none() != after.is_none()
}

#[cfg(test)]
mod tests;
