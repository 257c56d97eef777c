//! An upstream is asked who may pull: a real registry with logins, and one without any. One that sends for tokens to another
//! domain gets no login.

use std::time::Duration;

use remote::registry::{Proxies, Upstream};

use crate::harness::registry::{Auth, Registry, USER, push};

fn upstream(registry: &Registry) -> Upstream {
    // By name: its token server is on the same host.
    let address = format!("http://{}", registry.address().replace("127.0.0.1", "localhost"));
    Upstream::new(&address, None, &Proxies::default(), Duration::from_secs(5)).unwrap()
}

#[tokio::test]
async fn a_registry_says_who_may_pull_and_whether_a_repository_is_there() {
    let registry = Registry::start(Auth::Basic, "right");
    push(&registry.docker_config("right"), &format!("{}/team/app:1", registry.address()), "x").unwrap();
    let upstream_of_team = upstream(&registry);
    let ask = async |repository, login: Option<(&str, &str)>| {
        upstream_of_team.ask(repository, login).await.to_string()
    };
    let refused = "refused: it answers 401";
    for repository in [Some("team/app"), None] {
        assert_eq!(ask(repository, Some((USER, "right"))).await, "accepted");
        assert_eq!(ask(repository, Some((USER, "wrong"))).await, refused);
        assert_eq!(ask(repository, None).await, refused);
    }
    assert_eq!(ask(Some("team/other"), Some((USER, "right"))).await, "not found");
    assert_eq!(upstream_of_team.reach().await, Ok(()));
    registry.stop();
    assert_eq!(ask(None, Some((USER, "right"))).await, "unreachable: no connection");
    let registry = Registry::start(Auth::Open, "");
    assert_eq!(upstream(&registry).ask(None, Some((USER, "any"))).await.to_string(), "accepted");
}

/// Its tokens are at another port of a host without a domain.
#[tokio::test]
async fn a_registry_whose_tokens_are_somewhere_else_gets_no_login() {
    let registry = Registry::start(Auth::Token, "right");
    let answer = upstream(&registry).ask(Some("team/app"), Some((USER, "right"))).await;
    assert_eq!(answer.to_string(), "no registry: it sends for a token to another domain");
}
