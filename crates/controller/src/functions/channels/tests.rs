#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use api::GitRepository;
use cluster::{Cache, Cached, Object};
use decide::function::{Config, Identity};
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use kube::runtime::reflector::store;
use kube::runtime::watcher::Event;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// Functions `a` and `b` of namespace `n`, of which `b` is in the repository `code`, and `a` of namespace `m`.
struct World {
    stores: Stores,
    channels: Channels,
    woken: UnboundedReceiver<ObjectRef<PackedFunction>>,
    jobs: UnboundedReceiver<(Key, Option<Owner>)>,
}

impl World {
    fn new() -> Self {
        let (reader, mut writer) = store();
        let stores = Stores::new(reader, &Config::default(), "kyma-system");
        let git = json!({"type": "git", "source": "code"});
        for (namespace, name, spec) in
            [("n", "a", json!({"source": "x"})), ("n", "b", git), ("m", "a", json!({"source": "x"}))]
        {
            let function = json!({"metadata": {"namespace": namespace, "name": name}, "spec": spec});
            let event = Event::Apply(serde_json::from_value(function).unwrap());
            writer.apply_watcher_event(&event);
            stores.names.see(&event);
        }
        let (wake, woken) = unbounded();
        let (sender, jobs) = unbounded();
        Self { stores, channels: Channels { wake, jobs: sender }, woken, jobs }
    }

    /// Those that are woken, as `namespace/name`.
    fn woken(&mut self) -> Vec<String> {
        let mut woken = Vec::new();
        while let Ok(reference) = self.woken.try_recv() {
            woken.push(format!("{}/{}", reference.namespace.unwrap(), reference.name));
        }
        woken
    }
}

fn key(name: &str) -> Key {
    ("n".to_owned(), name.to_owned())
}

/// The change from one object of namespace `n` to another one, as a cache tells of it.
fn change<T: Cached>(name: &str, before: Option<T>, after: Option<T>) -> Change<T> {
    Change { key: key(name), before: before.map(Arc::new), after: after.map(Arc::new) }
}

fn object(value: &Value) -> Object {
    Object::of(value).unwrap()
}

fn child(function: &str) -> Child {
    let labels = json!({"serverless.kyma-project.io/function-name": function});
    Child::of(&object(&json!({"metadata": {"name": "x", "namespace": "n", "labels": labels}}))).unwrap()
}

fn job_object(status: &Value) -> Value {
    let owner = json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "name": "a", "uid": "u", "controller": true,
    });
    let metadata = json!({"name": "j", "namespace": "n", "uid": "j", "ownerReferences": [owner]});
    json!({"metadata": metadata, "status": status})
}

fn job(status: &Value) -> CachedJob {
    CachedJob::of(&object(&job_object(status))).unwrap()
}

fn presence(version: &str) -> Presence {
    Presence::of(&object(&json!({"metadata": {"name": "x", "namespace": "n", "resourceVersion": version}})))
        .unwrap()
}

#[rstest]
#[case::its_function("a", &["n/a"])]
#[case::one_that_is_not_there("c", &[])]
fn an_object_of_a_function_wakes_that_one_of_its_own_namespace(
    #[case] function: &str,
    #[case] expected: &[&str],
) {
    let mut world = World::new();
    world.channels.child(&world.stores, &change("x", None, Some(child(function))));
    world.channels.child(&world.stores, &change("x", Some(child(function)), None));
    assert_eq!(world.woken(), [expected, expected].concat());
}

#[test]
fn a_job_wakes_its_function_if_a_decision_would_see_a_difference() {
    let mut world = World::new();
    let (active, ready) = (json!({"active": 1}), json!({"active": 1, "startTime": "2026-01-01T00:00:00Z"}));
    world.channels.job(&world.stores, &change("j", None, Some(job(&active))));
    assert_eq!(world.woken(), ["n/a"]);
    let owner = Owner { name: "a".to_owned(), uid: "u".to_owned() };
    assert_eq!(world.jobs.try_recv().unwrap(), (key("j"), Some(owner)));
    world.channels.job(&world.stores, &change("j", Some(job(&active)), Some(job(&ready))));
    assert_eq!(world.woken(), [""; 0]);
    assert!(world.jobs.try_recv().is_err());
    let ended = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    world.channels.job(&world.stores, &change("j", Some(job(&ready)), Some(job(&ended))));
    assert_eq!((world.woken(), world.jobs.try_recv().unwrap()), (vec!["n/a".to_owned()], (key("j"), None)));
}

/// What is said of Jobs of namespace `n` whose Pods no longer run.
fn stopped(world: &World) -> Vec<String> {
    let identity = Identity { name: "a".to_owned(), namespace: "n".to_owned(), uid: "u".to_owned() };
    world.stores.observe(&identity, "nodejs22").0.stopped.into_iter().collect()
}

#[test]
fn a_pod_that_no_longer_runs_wakes_the_function_of_a_job_that_builds() {
    let mut world = World::new();
    let pod = |job: &str| {
        let labels = json!({"batch.kubernetes.io/job-name": job});
        RunningPod::of(&serde_json::from_value(json!({"metadata": {"name": "p", "labels": labels}})).unwrap())
    };
    let see = |world: &World, version: &str, status: &Value| {
        let mut seen = job_object(status);
        seen["metadata"]["resourceVersion"] = json!(version);
        world.stores.written(decide::Kind::Job, &object(&seen));
    };
    see(&world, "1", &json!({"active": 1}));
    world.channels.running_pod(&world.stores, &change("p", None, pod("j")));
    assert_eq!((world.woken(), stopped(&world)), (vec![], vec![]));
    for job in ["j", "forged"] {
        world.channels.running_pod(&world.stores, &change("p", pod(job), None));
    }
    assert_eq!((world.woken(), stopped(&world)), (vec!["n/a".to_owned()], vec!["j".to_owned()]));
    let ended = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    see(&world, "2", &ended);
    world.channels.job(&world.stores, &change("j", Some(job(&json!({}))), Some(job(&ended))));
    world.channels.running_pod(&world.stores, &change("p", pod("j"), None));
    assert_eq!((world.woken(), stopped(&world)), (vec!["n/a".to_owned()], vec![]));
}

#[test]
fn a_name_that_others_take_or_give_back_wakes_the_function_of_that_name() {
    let mut world = World::new();
    world.channels.service_of_others(&world.stores, &change("b", None, Some(presence("1"))));
    world.channels.service_of_others(&world.stores, &change("b", Some(presence("1")), Some(presence("2"))));
    assert_eq!(world.woken(), ["n/b"]);
    world.channels.service_of_others(&world.stores, &change("b", Some(presence("2")), None));
    assert_eq!(world.woken(), ["n/b"]);
}

#[test]
fn what_all_functions_of_a_namespace_need_wakes_all_of_that_namespace() {
    let mut world = World::new();
    world.channels.prerequisite(&world.stores, &change("r", None, Some(presence("1"))));
    assert_eq!(world.woken(), ["n/a", "n/b"]);
    world.channels.account(&world.stores, &change("s", None, Some(presence("1"))));
    assert_eq!(world.woken(), ["n/a", "n/b"]);
    world.channels.account(&world.stores, &change("s", Some(presence("1")), Some(presence("2"))));
    assert_eq!(world.woken(), [""; 0]);
}

#[test]
fn a_repository_and_its_secret_wake_those_that_use_them() {
    let repository = || {
        let auth = json!({"type": "basic", "secretName": "login"});
        let repository = json!({
            "metadata": {"name": "code", "namespace": "n"}, "spec": {"url": "https://example.com/r.git", "auth": auth},
        });
        Repository::of(&serde_json::from_value::<GitRepository>(repository).unwrap()).unwrap()
    };
    let mut world = World::new();
    world.channels.git_secret(&world.stores, &change("login", None, Some(presence("1"))));
    assert_eq!(world.woken(), [""; 0]);
    world.channels.repository(&world.stores, &change("code", None, Some(repository())));
    assert_eq!(world.woken(), ["n/b"]);
    let repositories: &Cache<Repository> = &world.stores.repositories;
    repositories.answered(key("code"), Some("7"), repository());
    world.channels.git_secret(&world.stores, &change("login", None, Some(presence("1"))));
    assert_eq!(world.woken(), ["n/b"]);
    world.channels.git_secret(&world.stores, &change("other", None, Some(presence("1"))));
    assert_eq!(world.woken(), [""; 0]);
}
