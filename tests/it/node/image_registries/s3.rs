//! A registry that keeps its images in a bucket, as the documents say: two replicas share it.

use std::net::TcpStream;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;
use testenv::{NODE_ADDRESS, Process};

use super::team::Team;
use crate::harness::real_cluster::CLUSTER;
use crate::harness::real_cluster::provider::documented;
use crate::harness::registry::{tool, trusting_crane};

const PORT: u16 = 5005;
const KEYS: [&str; 2] = ["access", "hush-hush"];

/// A store that speaks S3, with a bucket. Ends when dropped.
struct Store {
    _process: Process,
    folder: TempDir,
}

impl Store {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let buckets = folder.path().join("buckets");
        std::fs::create_dir_all(buckets.join("images")).unwrap();
        let mut command = Command::new(tool("versitygw"));
        command.args(["--port", &format!("{NODE_ADDRESS}:{PORT}"), "--region=eu-central-1"]);
        command.args(["--access", KEYS[0], "--secret", KEYS[1], "posix"]).arg(buckets);
        let mut process = Process::start(&command, &folder.path().join("store.log")).unwrap();
        let listens = || TcpStream::connect((NODE_ADDRESS, PORT)).is_ok();
        process.wait_until("the store listens", listens).unwrap();
        Self { _process: process, folder }
    }
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn two_replicas_share_a_bucket_as_the_documents_say() {
    let store = Store::start();
    let team = Team::of(CLUSTER.namespace("bucket"));
    let manifest = documented("metadata: {name: images-s3").replace("infra", "bucket");
    let manifest = manifest.replace("ACCESS-KEY", KEYS[0]).replace("SECRET-KEY", KEYS[1]);
    let endpoint = format!("http://{NODE_ADDRESS}:{PORT}");
    team.apply(&manifest.replace("https://minio.storage.example.com", &endpoint));
    team.await_registry("2/2 Pods are ready");
    team.namespace.apply(&json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImagePushSecret",
        "metadata": {"name": "example"},
        "spec": {"registryRef": {"name": "registry"}},
    }));
    let account = "push.bucket.example.1";
    let message = format!("Secret imagepushsecret-example has the credentials of account {account}");
    team.await_ready("imagepushsecret example", &message);
    let push = team.held("imagepushsecret-example");
    let client = |words: &[&str]| trusting_crane(&push[".dockerconfigjson"], &push["ca.crt"], words);
    // Its layers are larger than the parts of an upload to S3.
    let layout = testenv::built("node-images").unwrap().join("node").display().to_string();
    for name in ["a", "b"] {
        let image = team.image(&format!("team/{name}:1"));
        client(&["push", &layout, &image]).unwrap();
        client(&["validate", "--remote", &image]).unwrap();
        let stored = format!("buckets/images/docker/registry/v2/repositories/team/{name}/_manifests");
        assert!(store.folder.path().join(stored).is_dir());
    }
}
