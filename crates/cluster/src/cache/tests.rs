#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ObjectMeta;

use super::*;

impl Cached for String {
    fn group(&self) -> &str {
        self
    }
}

fn map(name: &str, version: &str, group: &str) -> ConfigMap {
    let metadata = ObjectMeta {
        namespace: Some("n".to_owned()),
        name: Some(name.to_owned()),
        resource_version: Some(version.to_owned()),
        generate_name: Some(group.to_owned()),
        ..ObjectMeta::default()
    };
    ConfigMap { metadata, ..ConfigMap::default() }
}

async fn told(cache: &Cache<String>, events: Vec<Event<ConfigMap>>) -> Vec<String> {
    let told = RefCell::new(Vec::new());
    let events = futures::stream::iter(events.into_iter().map(Ok));
    let keep = |map: &ConfigMap| map.metadata.generate_name.clone();
    let text = |object: &Option<Arc<String>>| object.as_ref().map_or("-".to_owned(), ToString::to_string);
    cache
        .take_in(events, keep, |change| {
            told.borrow_mut().push(format!(
                "{} {}>{}",
                change.key.1,
                text(&change.before),
                text(&change.after)
            ));
        })
        .await;
    told.into_inner()
}

#[tokio::test]
async fn what_changes_is_told_once_and_what_vanished_unseen_too() {
    let cache = Cache::<String>::default();
    let events = vec![
        Event::Init,
        Event::InitApply(map("a", "1", "x")),
        Event::InitApply(map("b", "2", "x")),
        Event::InitDone,
        Event::Apply(map("a", "3", "y")),
        Event::Apply(map("a", "3", "y")),
        Event::Apply(map("a", "2", "old")),
    ];
    assert_eq!(told(&cache, events).await, ["a ->x", "b ->x", "a x>y"]);
    let of = |group: &str| -> Vec<_> { cache.group(group).into_iter().map(|((_, name), _)| name).collect() };
    assert_eq!((of("x"), of("y")), (vec!["b".to_owned()], vec!["a".to_owned()]));

    let events = vec![Event::Init, Event::InitApply(map("c", "4", "x")), Event::InitDone];
    let mut relisted = told(&cache, events).await;
    relisted.sort();
    assert_eq!(relisted, ["a y>-", "b x>-", "c ->x"]);
    assert_eq!(told(&cache, vec![Event::Delete(map("c", "5", "x"))]).await, ["c x>-"]);
    assert_eq!(of("x"), [""; 0]);
}

#[tokio::test]
async fn an_object_that_the_controller_fails_on_hides_no_other() {
    let cache = Cache::<String>::default();
    let events = [Event::Apply(map("bad", "1", "x")), Event::Apply(map("good", "2", "x"))];
    let keep = |map: &ConfigMap| {
        assert_ne!(map.metadata.name.as_deref(), Some("bad"));
        map.metadata.generate_name.clone()
    };
    cache.take_in(futures::stream::iter(events.map(Ok)), keep, |_| {}).await;
    let known = |name: &str| cache.get(&("n".to_owned(), name.to_owned())).is_some();
    assert!(known("good") && !known("bad"));
}

#[tokio::test]
async fn an_answer_to_a_write_counts_before_the_watch_shows_it() {
    let cache = Cache::<String>::default();
    let key = ("n".to_owned(), "a".to_owned());
    cache.answered(key.clone(), Some("7"), "x".to_owned());
    assert_eq!(cache.get(&key).as_deref().map(String::as_str), Some("x"));
    assert_eq!(told(&cache, vec![Event::Apply(map("a", "7", "x"))]).await, [""; 0]);
    assert_eq!(told(&cache, vec![Event::Delete(map("a", "8", "x"))]).await, ["a x>-"]);
    cache.answered(key.clone(), Some("7"), "x".to_owned());
    assert_eq!(cache.get(&key), None, "an answer that came late is of what is gone");
}
