//! Which endpoints are asked, when, and what their answers change.

use policy::container_registries::Address;
use rstest::rstest;

use super::*;

fn registries(host: &str, fallback: Fallback, endpoints: &[&str]) -> Registries {
    let endpoints = endpoints.iter().map(|address| Endpoint::at(Address::parse(address).unwrap()));
    let registry = Registry { endpoints: endpoints.collect(), fallback };
    Registries([(Host::parse(host).unwrap(), registry)].into())
}

fn following(registries: &Registries, now: Instant) -> Mirrors {
    let mut mirrors = Mirrors::default();
    mirrors.follow(registries, now);
    mirrors
}

fn left(mirrors: &Mirrors, registries: &Registries) -> Option<Vec<String>> {
    let (host, registry) = registries.0.first_key_value().unwrap();
    let left = mirrors.answering(host, registry)?;
    Some(left.endpoints.iter().map(|endpoint| endpoint.address.to_string()).collect())
}

#[rstest]
#[case::mirror("docker.io", Fallback::Upstream, &["registry-1.docker.io", "a:5000"], &["a:5000"])]
#[case::upstream_alone("ghcr.io", Fallback::Upstream, &["ghcr.io"], &[])]
#[case::any_host("_default", Fallback::Upstream, &["a", "b"], &["a", "b"])]
#[case::last_of_all("ghcr.io", Fallback::None, &["a", "b"], &["a"])]
#[case::one_of_one("ghcr.io", Fallback::None, &["a"], &[])]
#[case::this_node(
    "ghcr.io",
    Fallback::Upstream,
    &["127.0.0.1:30020", "localhost", "x.localhost:1", "[::1]:5000", "0.0.0.0:1", "[::ffff:127.0.0.1]", "127.1", "0x7f.1", "10.0.0.1"],
    &["10.0.0.1"]
)]
fn mirrors_are_asked_and_what_must_stay_is_not(
    #[case] host: &str,
    #[case] fallback: Fallback,
    #[case] endpoints: &[&str],
    #[case] asked: &[&str],
) {
    let registries = registries(host, fallback, endpoints);
    let (host, registry) = registries.0.first_key_value().unwrap();
    let found: Vec<_> = mirrors(host, registry).map(|(_, endpoint)| endpoint.address.to_string()).collect();
    assert_eq!(found, asked);
}

#[rstest]
#[case::tls(Scheme::Https, "a", false, (true, "a", 443, "/v2/"))]
#[case::plain(Scheme::Http, "a", false, (false, "a", 80, "/v2/"))]
#[case::port(Scheme::Http, "[::2]:5000", false, (false, "[::2]", 5000, "/v2/"))]
#[case::path(Scheme::Https, "a/v2/hub", true, (true, "a", 443, "/v2/hub/"))]
#[case::no_path(Scheme::Https, "a", true, (true, "a", 443, "/"))]
fn an_endpoint_is_asked_where_containerd_asks_it(
    #[case] scheme: Scheme,
    #[case] address: &str,
    #[case] override_path: bool,
    #[case] expected: (bool, &str, u16, &str),
) {
    let endpoint = Endpoint { scheme, override_path, ..Endpoint::at(Address::parse(address).unwrap()) };
    let Target { tls, host, port, path } = Target::of(&endpoint);
    assert_eq!((tls, host.as_str(), port, path.as_str()), expected);
}

#[test]
fn a_new_mirror_is_asked_at_once_and_one_answer_tells() {
    let now = Instant::now();
    let registries = registries("docker.io", Fallback::Upstream, &["a", "b", "registry-1.docker.io"]);
    let mut mirrors = following(&registries, now);
    assert_eq!((mirrors.next(), left(&mirrors, &registries)), (Some(now), None));
    let due = mirrors.due(now, 9);
    assert_eq!(due.len(), 2);
    assert!(mirrors.answered(&due[0], false, now));
    assert_eq!(left(&mirrors, &registries), None);
    assert!(mirrors.answered(&due[1], true, now));
    assert_eq!(left(&mirrors, &registries).unwrap(), ["b", "registry-1.docker.io"]);
    assert_eq!((mirrors.up(), mirrors.len(), mirrors.is_empty()), (1, 2, false));
    assert_eq!(mirrors.next(), Some(now + PERIOD));
    assert_eq!(mirrors.due(now + PERIOD.mul_f64(0.9), 9), []);
}

/// Asks a mirror, which answers after a while, until what is known changes. Returns how long that took.
fn until_change(mirrors: &mut Mirrors, mut now: Instant, answers: bool, after: Duration) -> Duration {
    let start = now;
    let mut asked: Vec<(Instant, Target)> = Vec::new();
    loop {
        asked.extend(mirrors.due(now, 9).into_iter().map(|target| (now + after, target)));
        let ended = asked.iter().position(|(end, _)| *end <= now);
        if let Some((_, target)) = ended.map(|index| asked.remove(index)) {
            if mirrors.answered(&target, answers, now) {
                return now - start;
            }
            continue;
        }
        now += Duration::from_millis(10);
    }
}

#[rstest]
#[case::refused(Duration::ZERO, 3_000)]
#[case::silent(TIMEOUT, 4_500)]
fn a_dead_mirror_is_known_within_five_seconds_and_comes_back(#[case] after: Duration, #[case] expected: u64) {
    let now = Instant::now();
    let registries = registries("docker.io", Fallback::Upstream, &["a"]);
    let mut mirrors = following(&registries, now);
    let due = mirrors.due(now, 1);
    mirrors.answered(&due[0], true, now);
    let died = until_change(&mut mirrors, now, false, after);
    assert_eq!(died, Duration::from_millis(expected));
    assert_eq!(left(&mirrors, &registries).unwrap(), [""; 0]);
    let back = until_change(&mut mirrors, now + died, true, Duration::ZERO);
    assert_eq!(back, Duration::from_secs(3));
    assert_eq!(left(&mirrors, &registries).unwrap(), ["a"]);
}

#[test]
fn mirrors_that_die_together_are_known_within_five_seconds_however_many_there_are() {
    let mut now = Instant::now();
    let names: Vec<_> = (0..256).map(|number| format!("mirror-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let registries = registries("docker.io", Fallback::Upstream, &names);
    let mut mirrors = following(&registries, now);
    for target in mirrors.due(now, MOST_ASKED) {
        mirrors.answered(&target, true, now);
    }
    assert_eq!(mirrors.up(), 256);
    let died = now;
    let mut asked: Vec<(Instant, Target)> = Vec::new();
    while mirrors.up() > 0 {
        let (ended, left): (Vec<_>, _) = asked.into_iter().partition(|(end, _)| *end <= now);
        asked = left;
        for (_, target) in ended {
            mirrors.answered(&target, false, now);
        }
        let due = mirrors.due(now, MOST_ASKED - asked.len());
        asked.extend(due.into_iter().map(|target| (now + TIMEOUT, target)));
        now += Duration::from_millis(10);
        assert!(now - died < Duration::from_secs(5), "{} are up", mirrors.up());
    }
}

#[test]
fn two_failures_in_a_row_change_nothing() {
    let now = Instant::now();
    let registries = registries("docker.io", Fallback::Upstream, &["a"]);
    let mut mirrors = following(&registries, now);
    let target = mirrors.due(now, 1).remove(0);
    mirrors.answered(&target, true, now);
    for answers in [false, false, true, false, false, true] {
        assert!(!mirrors.answered(&target, answers, now));
    }
    assert_eq!(mirrors.up(), 1);
}

#[test]
fn what_is_known_survives_another_value_and_what_is_gone_is_forgotten() {
    let now = Instant::now();
    let old = registries("docker.io", Fallback::Upstream, &["a", "b"]);
    let mut mirrors = following(&old, now);
    for target in mirrors.due(now, 9) {
        mirrors.answered(&target, true, now);
    }
    let new = registries("ghcr.io", Fallback::Upstream, &["b", "c"]);
    mirrors.follow(&new, now);
    let due = mirrors.due(now, 9);
    assert_eq!(due.iter().map(|target| target.host.as_str()).collect::<Vec<_>>(), ["c"]);
    assert!(!mirrors.answered(&Target { host: "a".to_owned(), ..due[0].clone() }, false, now));
    mirrors.follow(&Registries::default(), now);
    assert_eq!(mirrors.next(), None);
}

#[test]
fn those_that_wait_longest_are_asked_first() {
    let now = Instant::now();
    let registries = registries("docker.io", Fallback::Upstream, &["a", "b", "c"]);
    let mut mirrors = following(&registries, now);
    let hosts = |targets: Vec<Target>| targets.into_iter().map(|target| target.host).collect::<Vec<_>>();
    assert_eq!(hosts(mirrors.due(now, 2)), ["a", "b"]);
    assert_eq!(hosts(mirrors.due(now + PERIOD, 2)), ["c", "a"]);
}
