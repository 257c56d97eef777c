//! While a cache is away, pulls go on through the upstream, with the Pods' own secrets.

use std::path::Path;

use serde_json::json;

use super::cache::{Cache, add_credentials, asked_by_node, push, system, upstream_with_tls};
use crate::harness::command::piped;
use crate::harness::real_cluster::CLUSTER;
use crate::harness::registry::{Auth, Registry, USER};

const UPSTREAM: &str = "registry.test:5010";
const PORT: u16 = 5010;

/// Whether the node has asked the upstream itself for the only image of a test by its tag.
fn was_asked_by_node(upstream: &Registry, tag: &str) -> bool {
    let manifest = format!("/v2/team/app/manifests/{tag} ");
    asked_by_node(upstream).iter().any(|request| request.contains(&manifest))
}

/// Kills a container of the Pod of a cache, whose kubelet starts it again.
fn kill(cache: &Cache, container: &str) {
    let crictl = |arguments: &[&str]| {
        let mut crictl = CLUSTER.node.crictl();
        crictl.args(arguments);
        piped(crictl, "").unwrap().trim().to_owned()
    };
    let label = format!("io.kubernetes.pod.name={}", cache.pod());
    let id = crictl(&["ps", "--quiet", "--label", &label, "--name", container]);
    let pid = crictl(&["inspect", "--output", "go-template", "--template", "{{.info.pid}}", &id]);
    assert!(Path::new("/proc").join(&pid).exists(), "{pid}");
    let mut kill = std::process::Command::new("kill");
    kill.args(["-KILL", &pid]);
    piped(kill, "").unwrap();
}

/// Loses all packets to an address until it is dropped.
struct Silence;

impl Silence {
    fn new(address: &str) -> Self {
        let chain = |hook: &str| {
            format!("chain {hook} {{ type filter hook {hook} priority 0; ip daddr {address} drop; }}\n")
        };
        nft(&format!("table ip silence {{\n{}{}}}\n", chain("output"), chain("forward")));
        Self
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        nft("delete table ip silence");
    }
}

fn nft(rules: &str) {
    let mut nft = CLUSTER.node.nft().unwrap();
    nft.args(["-f", "-"]);
    piped(nft, rules).unwrap();
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn pulls_go_on_through_the_upstream_while_a_cache_is_killed_or_its_packets_are_lost() {
    let (upstream, authority) = upstream_with_tls(PORT, Auth::Basic, "horse");
    let login = (USER, "horse");
    add_credentials("outage-v1", login);
    let spec = json!({
        "remoteURL": format!("https://{UPSTREAM}"),
        "remoteCA": {"pem": authority},
        "secretReferenceName": "outage-v1",
    });
    let cache = Cache::create("outage", UPSTREAM, &spec);
    cache.await_node();
    let images =
        ["1", "2", "3", "4"].map(|tag| push(UPSTREAM, login, &authority, &format!("team/app:{tag}")));
    let [first, second, third, fourth] = &images;
    cache.runs("first", first, Some(login));
    assert!(!was_asked_by_node(&upstream, "1"), "{}", upstream.log());

    // The next pull, before anybody knows that it is away.
    let address = system().kubectl(&format!("get pod {} -o jsonpath={{.status.podIP}}", cache.pod()));
    let silence = Silence::new(&address);
    cache.runs("second", second, Some(login));
    assert!(was_asked_by_node(&upstream, "2"), "{}", upstream.log());
    cache.refuses("wrong", second, Some((USER, "wrong")));
    // The agent takes it out, and pulls go on.
    cache.await_endpoint(false);
    cache.runs("third", third, Some(login));
    drop(silence);
    cache.await_endpoint(true);

    for container in ["gateway", "registry"] {
        kill(&cache, container);
    }
    cache.runs("fourth", fourth, Some(login));
    cache.end();
    system().kubectl("delete secret outage-v1");
}
