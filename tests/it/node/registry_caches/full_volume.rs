//! A cache whose volume is full: pulls go on, and get the rest of a layer from the upstream.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::cache::{Cache, asked_by_node, claim, push, system, upstream_with_tls};
use crate::harness::command::piped;
use crate::harness::real_cluster::CLUSTER;
use crate::harness::registry::{Auth, USER, random_layer, trusting_crane};

const UPSTREAM: &str = "registry.test:5011";
const PORT: u16 = 5011;
/// Enough for an image that waits.
const SIZE: &str = "size=4m";
/// More than that, in bytes.
const LARGE: usize = 16 << 20;

/// A small file system, until it is dropped.
struct SmallVolume(PathBuf);

impl SmallVolume {
    fn of_claim(claim: &str) -> Self {
        let path = CLUSTER.path_of_volume("kyma-system", claim);
        std::fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "cache"]).arg(&path);
        piped(mount, "").unwrap();
        Self(path)
    }

    /// Writes to the last byte.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        let error = std::iter::repeat_with(|| file.write_all(&[0; 512])).find_map(Result::err).unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}

impl Drop for SmallVolume {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        unmount.arg("--lazy").arg(&self.0);
        piped(unmount, "").unwrap();
    }
}

/// Adds a large layer to an image of the upstream. Returns the new image.
fn with_large_layer(image: &str, authority: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let layer = random_layer(folder.path(), LARGE, &mut fastrand::Rng::new());
    let large = format!("{UPSTREAM}/team/large:1");
    trusting_crane("{}", authority, &["append", "-b", image, "-f", &layer, "-t", &large]).unwrap();
    large
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_pull_goes_on_through_the_upstream_when_the_volume_of_a_cache_is_full() {
    let (upstream, authority) = upstream_with_tls(PORT, Auth::Open, "");
    let volume = SmallVolume::of_claim(&claim(UPSTREAM));
    let spec = json!({"remoteURL": format!("https://{UPSTREAM}"), "remoteCA": {"pem": authority}});
    let cache = Cache::create("full-volume", UPSTREAM, &spec);
    cache.await_node();
    let small = push(UPSTREAM, (USER, "any"), &authority, "team/small:1");
    cache.runs("small", &small, None);
    assert_eq!(asked_by_node(&upstream), [""; 0]);

    let large = with_large_layer(&small, &authority);
    cache.runs("large", &large, None);
    let events = "get events --field-selector involvedObject.name=large,reason=Failed -o name";
    assert_eq!(cache.team.kubectl(events), "");
    // The rest of one layer, and nothing else.
    let asked = asked_by_node(&upstream);
    assert!(asked.len() == 1 && asked[0].starts_with("GET /v2/team/large/blobs/"), "{asked:?}");
    assert!(asked[0].ends_with(" HTTP/1.1 206"), "{asked:?}");
    let log = system().kubectl(&format!("logs {} -c registry", cache.pod()));
    assert!(log.contains("no space left on device"), "{log}");

    // What is cached is served, though nothing can be written any more: the node asks the upstream for the tag.
    volume.fill();
    cache.runs("again", &small, None);
    let asked = asked_by_node(&upstream);
    let tag = "HEAD /v2/team/small/manifests/1";
    assert!(asked.len() == 2 && asked[1].starts_with(tag), "{asked:?}");
    cache.end();
    drop(volume);
}
