//! An upstream is asked who may pull: a real registry with logins, one with tokens, one without either.

use std::time::Duration;

use remote::registry::{Proxies, Upstream};

use crate::harness::registry::{Auth, Registry, USER, push};

fn upstream(registry: &Registry) -> Upstream {
    // By name: tokens are on the host of the registry.
    let address = format!("http://{}", registry.address().replace("127.0.0.1", "localhost"));
    Upstream::new(&address, None, &Proxies::default(), Duration::from_secs(5)).unwrap()
}

#[tokio::test]
async fn a_registry_says_who_may_pull_and_whether_a_repository_is_there() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = Registry::start(auth, "right");
        push(&registry.docker_config("right"), &format!("{}/team/app:1", registry.address()), "x").unwrap();
        let upstream = upstream(&registry);
        let ask =
            async |repository, login: Option<(&str, &str)>| upstream.ask(repository, login).await.to_string();
        let refused = "refused: it answers 401";
        for repository in [Some("team/app"), None] {
            assert_eq!(ask(repository, Some((USER, "right"))).await, "accepted", "{auth:?}");
            assert_eq!(ask(repository, Some((USER, "wrong"))).await, refused, "{auth:?}");
            assert_eq!(ask(repository, None).await, refused, "{auth:?}");
        }
        assert_eq!(ask(Some("team/other"), Some((USER, "right"))).await, "not found", "{auth:?}");
        assert_eq!(upstream.reach().await, Ok(()));
        registry.stop();
        assert_eq!(ask(None, Some((USER, "right"))).await, "unreachable: no connection");
    }
    let registry = Registry::start(Auth::Open, "");
    assert_eq!(upstream(&registry).ask(None, Some((USER, "any"))).await.to_string(), "accepted");
}
