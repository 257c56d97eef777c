//! The agent on a real node: it follows its Secret, it takes mirrors out that do not answer, and nothing of it is left.

use std::fs;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::harness::agent::{Agent, FOLDER_OF_CONTAINERD};
use crate::harness::certs_d::{process, pull, refused};
use crate::harness::command::piped;
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::real_cluster::CLUSTER;
use crate::harness::registry::Auth;

#[test]
#[ignore = "it needs a node: make test-node"]
fn the_agent_brings_passwords_and_takes_dead_mirrors_out_until_it_is_uninstalled() {
    let _folder = FOLDER_OF_CONTAINERD.lock();
    let (mirror, upstream) = (Mirror::with(Auth::Basic, "app:1"), Mirror::with(Auth::Basic, "app:1"));
    let host = upstream.registry.address();
    let image = format!("{host}/app:1");
    let folder = CLUSTER.node.registries();
    let namespace = CLUSTER.namespace("agent");
    let agent = Agent::start(&namespace, &folder);
    let set = |password: &str| {
        let endpoints = json!([mirror.endpoint(Some(password)), upstream.endpoint(Some(PASSWORD))]);
        let before = agent.file(&host);
        agent.set(&json!({(&host): endpoints}));
        agent.await_file(&host, |file| file != before);
    };
    set(PASSWORD);
    pull(&image).unwrap();
    assert_eq!((mirror.answers()[0].as_str(), upstream.answers().len()), ("HEAD 200", 0));

    let containerd = process("containerd");
    mirror.registry.set_password("another one");
    mirror.forget();
    set("another one");
    pull(&image).unwrap();
    assert_eq!((mirror.answers()[0].as_str(), upstream.answers().len()), ("HEAD 200", 0));
    assert_eq!(process("containerd"), containerd);

    let address = mirror.registry.address();
    mirror.registry.stop();
    agent.await_file(&host, |file| !file.contains(&address));
    pull(&image).unwrap();
    assert_eq!(upstream.answers()[0], "HEAD 200");
    mirror.registry.resume();
    mirror.forget();
    agent.await_file(&host, |file| file.contains(&address));
    pull(&image).unwrap();
    assert_eq!(mirror.answers()[0], "HEAD 200");

    agent.uninstall();
    assert!(!folder.join(&host).exists() && !folder.join(".serverless-node-agent").exists());
    refused(&image, "certificate signed by unknown authority");
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn after_a_thousand_changes_an_uninstall_leaves_what_was_there() {
    let (before, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for folder in [&before, &folder] {
        let foreign = folder.path().join("foreign.test");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("hosts.toml"), "server = \"https://foreign.test\"\n").unwrap();
    }
    let namespace = CLUSTER.namespace("thousand-changes");
    let agent = Agent::start(&namespace, folder.path());
    for number in 0..1000 {
        // Hosts come and go. The registry itself is written without being asked.
        let (host, timeout) = (format!("host{}.test", number % 7), format!("{}ms", 2 * number + 1));
        let own = json!([{"endpoint": host, "dialTimeout": timeout}]);
        let foreign = json!([{"endpoint": "foreign.test", "dialTimeout": timeout}]);
        agent.set(&json!({(&host): own, "foreign.test": foreign}));
        agent.await_file(&host, |file| file.contains(&format!("\"{timeout}\"")));
    }
    agent.uninstall();
    let mut diff = Command::new("diff");
    diff.arg("-r").arg(before.path()).arg(folder.path());
    let printed = piped(diff, "");
    assert_eq!((printed.ok, printed.out.as_str()), (true, ""));
}
