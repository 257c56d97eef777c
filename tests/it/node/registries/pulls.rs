//! Where a node pulls from: mirrors with credentials, their order, and what happens when they have nothing.

use rstest::rstest;
use serde_json::json;

use crate::harness::certs_d::{configure, pod, pull, refused};
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::real_cluster::CLUSTER;
use crate::harness::registry::Auth;

#[rstest]
#[case::password(Auth::Basic, "password.test", "no basic auth credentials")]
#[case::token(Auth::Token, "token.test", "401 Unauthorized")]
#[ignore = "it needs a node: make test-node"]
fn a_mirror_with_credentials_serves_a_pod(#[case] auth: Auth, #[case] host: &'static str, #[case] why: &str) {
    let mirror = Mirror::with(auth, "app:1");
    configure(host, &json!({"fallback": "None", "endpoints": [mirror.endpoint(None)]}));
    refused(&format!("{host}/app:1"), why);
    configure(host, &json!({"fallback": "None", "endpoints": [mirror.endpoint(Some("wrong"))]}));
    refused(&format!("{host}/app:1"), why);
    configure(host, &json!([mirror.endpoint(Some(PASSWORD))]));
    let namespace = CLUSTER.namespace(host.split('.').next().unwrap());
    namespace.apply(&pod("app", &format!("{host}/app:1")));
    namespace.await_pod("app");
    assert!(mirror.answers().contains(&"HEAD 200".to_owned()), "{:?}", mirror.answers());
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn endpoints_are_asked_in_their_order_until_one_has_the_image() {
    let (first, second) = (Mirror::start(Auth::Basic), Mirror::with(Auth::Basic, "app:1"));
    configure("order.test", &json!([first.endpoint(Some(PASSWORD)), second.endpoint(Some(PASSWORD))]));
    pull("order.test/app:1").unwrap();
    assert_eq!(first.answers()[0], "HEAD 404");
    assert_eq!(second.answers()[0], "HEAD 200");
    first.push("app:1");
    second.forget();
    pull("order.test/app:1").unwrap();
    assert_eq!(first.answers()[0], "HEAD 200");
    assert_eq!(second.answers(), [""; 0]);
    configure("order.test", &json!([second.endpoint(Some(PASSWORD)), first.endpoint(Some(PASSWORD))]));
    first.forget();
    pull("order.test/app:1").unwrap();
    assert_eq!((first.answers().len(), second.answers()[0].as_str()), (0, "HEAD 200"));
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn the_registry_itself_is_asked_last_unless_that_is_forbidden() {
    let (mirror, upstream) = (Mirror::with(Auth::Basic, "app:1"), Mirror::with(Auth::Basic, "app:1"));
    let host = upstream.registry.address();
    let image = format!("{host}/app:1");
    let own = upstream.endpoint(Some(PASSWORD));
    configure(&host, &json!([mirror.endpoint(Some(PASSWORD)), own]));
    pull(&image).unwrap();
    assert_eq!((mirror.answers().len(), upstream.answers().len()), (1, 0));
    mirror.registry.stop();
    pull(&image).unwrap();
    assert_eq!(upstream.answers()[0], "HEAD 200");
    upstream.forget();
    configure(&host, &json!({"fallback": "None", "endpoints": [mirror.endpoint(Some(PASSWORD))]}));
    refused(&image, "connection refused");
    assert_eq!(upstream.answers(), [""; 0]);
}
