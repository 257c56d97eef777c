//! Logins that the kubelet gets from our credential provider: neither `hosts.toml` nor a Secret holds one.

use decide::nodes::credentials_file;
use decide::nodes::files::Files;
use decide::nodes::render::credential_provider::{FOLDER, render};
use decide::nodes::render::hosts::Options;
use serde_json::json;

use crate::harness::certs_d::{pod, read, refused, write};
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::real_cluster::CLUSTER;
use crate::harness::real_cluster::provider::{HOST, logins};
use crate::harness::registry::Auth;

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_pod_pulls_with_the_login_of_the_credential_provider_and_with_the_next_one() {
    let mirror = Mirror::with(Auth::Basic, "app:1");
    let namespace = CLUSTER.namespace("provider");
    for (name, password) in [("first", PASSWORD), ("second", "another one")] {
        mirror.registry.set_password(password);
        let registry = json!({"fallback": "None", "endpoints": [mirror.endpoint(Some(password))]});
        let mut files = render(&read(HOST, &registry), Options::default(), None).files;
        let login = files.0.remove(&format!("{FOLDER}/{}", credentials_file::FILE_NAME)).unwrap();
        let of_containerd = files.0.into_iter().filter_map(|(path, text)| {
            let path = path.strip_prefix(FOLDER)?.trim_start_matches('/').to_owned();
            assert!(!text.reveal().contains("Authorization"));
            Some((path, text))
        });
        write(&Files(of_containerd.collect()));
        std::fs::write(logins(&CLUSTER.control_plane), login.reveal()).unwrap();
        // The kubelet alone has the login.
        refused(&format!("{HOST}/app:1"), "authorization failed");
        namespace.apply(&pod(name, &format!("{HOST}/app:1")));
        namespace.await_pod(name);
        assert!(mirror.answers().contains(&"HEAD 200".to_owned()), "{:?}", mirror.answers());
        mirror.forget();
    }
    namespace.kubectl("delete pods --all --now");
}
