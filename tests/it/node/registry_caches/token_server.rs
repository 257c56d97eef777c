//! A cache of an upstream whose token server is another host, as that of Docker Hub is: each Pod pulls what its own login may
//! pull there.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::{NODE_ADDRESS, Process, free_port};

use super::cache::{Cache, add_credentials, push, system};
use crate::harness::client::Login;
use crate::harness::guarded::{NAME, hash, start_registry_at, token_authority};
use crate::harness::programs::program;
use crate::harness::real_cluster::{CLUSTER, OwnNamespace};
use crate::harness::served::{RulesFile, is_ready};

/// The registry, and its token server.
const UPSTREAM: &str = "registry.hub.test:5008";
const TOKENS: &str = "auth.hub.test:5009";

const PUSHER: Login<'_> = ("pusher", "horse-of-pusher");
const CACHE: Login<'_> = ("cache", "horse-of-cache");
const TEAM: Login<'_> = ("team", "horse-of-team");
const OTHER: Login<'_> = ("other", "horse-of-other");
const RULES: &str = "\
acl:
- match: {account: pusher}
  actions: [pull, push]
- match: {account: cache}
  actions: [pull]
- match: {account: team, name: \"team/*\"}
  actions: [pull]
- match: {account: other, name: \"other/*\"}
  actions: [pull]
";

/// A registry with TLS, and the server that gives tokens for it.
struct Upstream {
    /// The authority of both certificates.
    authority: String,
    registry: Option<Process>,
    http: Value,
    folder: TempDir,
    _accounts: OwnNamespace,
    _rules: RulesFile,
    _tokens: Process,
}

impl Upstream {
    fn start() -> Self {
        let (folder, rules) = (tempfile::tempdir().unwrap(), RulesFile::new(RULES));
        let accounts = CLUSTER.namespace("hub");
        for (user, password) in [PUSHER, CACHE, TEAM, OTHER] {
            accounts.apply(&json!({
                "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
                "kind": "ImageRegistryAccount",
                "metadata": {"name": user},
                "spec": {"password": hash(password)},
            }));
        }
        let names = ["registry.hub.test", "auth.hub.test"];
        let [certificate, key] = CLUSTER.control_plane.server_certificate(&names).unwrap();
        let keys = token_authority(&folder);
        let admin = free_port().unwrap();
        let mut tokens = Command::new(program("serverless-registry"));
        tokens.arg("serve").arg(rules.flag()).env("KUBECONFIG", CLUSTER.control_plane.kubeconfig());
        for (flag, value) in [
            ("listen", format!("{NODE_ADDRESS}:5009")),
            ("admin-listen", format!("127.0.0.1:{admin}")),
            // Nobody pulls by it.
            ("upstream", "127.0.0.1:1".to_owned()),
            ("tls-cert-file", certificate.display().to_string()),
            ("tls-private-key-file", key.display().to_string()),
            ("token-issuer", NAME.to_owned()),
            ("token-service", NAME.to_owned()),
            ("token-ca-cert-file", keys.certificate.display().to_string()),
            ("token-ca-key-file", keys.key.display().to_string()),
            ("namespace", accounts.name.to_owned()),
        ] {
            tokens.arg(format!("--{flag}={value}"));
        }
        let mut tokens = Process::start(&tokens, &folder.path().join("tokens.log")).unwrap();
        tokens.wait_until("the token server is ready", || is_ready(admin)).unwrap();
        let authority = std::fs::read_to_string(CLUSTER.control_plane.folder().join("ca.crt")).unwrap();
        let http = json!({"addr": UPSTREAM, "tls": {"certificate": certificate, "key": key}});
        let mut new = Self {
            authority,
            registry: None,
            http,
            folder,
            _accounts: accounts,
            _rules: rules,
            _tokens: tokens,
        };
        new.resume();
        new
    }

    fn resume(&mut self) {
        self.registry = Some(start_registry_at("registry", &self.folder, &self.http, TOKENS));
    }
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn pods_pull_what_they_may_pull_from_an_upstream_whose_tokens_come_from_elsewhere() {
    let mut upstream = Upstream::start();
    add_credentials("hub-v1", CACHE);
    let spec = json!({
        "remoteURL": format!("https://{UPSTREAM}"),
        "remoteCA": {"pem": upstream.authority},
        "secretReferenceName": "hub-v1",
        "access": "Authorize",
    });
    let cache = Cache::create("hub-cache", UPSTREAM, &spec);
    let proven = "True|The upstream accepts the credentials of Secret kyma-system/hub-v1";
    cache.awaits("CredentialsValid", proven);
    cache.await_node();
    let image = push(UPSTREAM, PUSHER, &upstream.authority, "team/app:1");
    cache.runs("team", &image, Some(TEAM));
    for (pod, login) in [("other", Some(OTHER)), ("wrong", Some((TEAM.0, "wrong"))), ("nobody", None)] {
        cache.refuses(pod, &image, login);
    }
    // It came through the cache, which has it now.
    upstream.registry = None;
    cache.runs("again", &image, Some(TEAM));
    upstream.resume();
    cache.end();
    system().kubectl("delete secret hub-v1");
}
