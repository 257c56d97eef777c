//! A token authority that is followed by another, as the controller has it done: no token is refused before it ends.

use std::time::{Duration, SystemTime};

use process::certificates::authority;
use serde_json::Value;

use crate::harness::cached::{Cached, Setup};
use crate::harness::registry::{Auth, Registry, push};
use crate::harness::wait::wait_until;

/// A token for pulls, as a client asks for one.
fn token(cached: &Cached) -> String {
    let (status, body) = cached.get("/auth/token?service=registry.test&scope=repository:app:pull");
    assert_eq!(status, 200, "{body}");
    let start = body.find('{').unwrap();
    let answer: Value = serde_json::from_str(body[start..].trim()).unwrap();
    assert_eq!(answer["expires_in"], 60);
    answer["access_token"].as_str().unwrap().to_owned()
}

fn pull(cached: &Cached, token: &str) -> u16 {
    cached.get_with("/v2/app/manifests/1", &format!("Authorization: Bearer {token}\r\n")).0
}

#[test]
fn tokens_of_the_old_authority_are_accepted_while_they_are_valid() {
    let upstream = Registry::start(Auth::Open, "");
    push("{}", &format!("{}/app:1", upstream.address()), "x").unwrap();
    let mut cached =
        Cached::start(&Setup { authorize: Some(&[]), ..Setup::of(format!("http://{}", upstream.address())) });
    let [certificates, key] =
        ["tokens.crt", "tokens.key"].map(|name| cached.authority_file().with_file_name(name));
    let old = std::fs::read_to_string(&certificates).unwrap();
    let now = SystemTime::now();
    let day = Duration::from_hours(24);
    let new = authority("next", now - day, now + day).unwrap();
    let trust = |trusted: &[&str]| std::fs::write(&certificates, trusted.concat()).unwrap();
    let signs = |cached: &Cached, times: usize| {
        wait_until("another key signs", || cached.logs().matches("a new key signs tokens").count() == times);
    };
    let before = token(&cached);
    assert_eq!(pull(&cached, &before), 200);

    // The next one is trusted: the registry starts again.
    trust(&[&old, &new.certificate]);
    signs(&cached, 1);
    cached.start_registry();
    let prepared = token(&cached);
    assert_eq!((pull(&cached, &before), pull(&cached, &prepared)), (200, 200));

    // It signs: nothing starts again. Of the two files, one changes first.
    std::fs::write(&key, new.key.as_str()).unwrap();
    trust(&[&new.certificate, &old]);
    signs(&cached, 2);
    let after = token(&cached);
    for token in [&before, &prepared, &after] {
        assert_eq!(pull(&cached, token), 200);
    }

    // The old one is not trusted any more: that is why it is kept for as long as its tokens live.
    trust(&[&new.certificate]);
    cached.start_registry();
    let last = token(&cached);
    let answers = [&before, &prepared, &after, &last].map(|token| pull(&cached, token));
    assert_eq!(answers, [401, 401, 200, 200]);
}
