//! What is wrong in the end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::clients::Images;
use super::cluster::{Cluster, Owner, TEAMS};
use super::system::System;
use crate::harness::call::call;
use crate::harness::client::Client;
use crate::harness::cluster::{NOTHING, kubectl};

/// How many accounts of a push or pull secret there are at most.
const ACCOUNTS_MAX: usize = 5;

/// Each Secret has the password of its newest account, and there are no other accounts than those of secrets.
pub fn accounts(cluster: &Cluster) -> Vec<String> {
    let (mut problems, mut accounts) = (Vec::new(), cluster.accounts());
    if accounts.remove("ci").is_none() {
        problems.push("the account of somebody else is gone".to_owned());
    }
    for owner in Owner::all() {
        let prefix = owner.account();
        let names: Vec<_> = accounts.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
        let numbers = names.iter().map(|name| name[prefix.len()..].parse::<u64>().unwrap());
        let newest = numbers.max().map(|number| format!("{prefix}{number}")).unwrap_or_default();
        let own: Vec<_> = names.iter().map(|name| accounts.remove(name).unwrap()).collect();
        let data = cluster.data(owner);
        let current = names.iter().position(|name| *name == newest).map(|place| &own[place]);
        let hash = current.and_then(|account| account["spec"]["password"].as_str()).unwrap_or_default();
        if data["username"] != newest || !bcrypt::verify(&data["password"], hash).unwrap_or(false) {
            problems.push(format!("{owner:?} has the password of {}, not of {newest}", data["username"]));
        }
        if names.len() > ACCOUNTS_MAX {
            problems.push(format!("{owner:?} has too many accounts: {names:?}"));
        }
    }
    problems.extend(accounts.into_keys().map(|name| format!("an account of nobody: {name}")));
    problems
}

/// Each image that was pushed is there, with all its layers.
pub fn images(system: &System, images: &Images) -> Vec<String> {
    let client = Client::new("crane", system.port, &system.authority);
    let data = system.cluster.data(Owner { namespace: TEAMS[1], access: "pull" });
    client.log_in((&data["username"], &data["password"])).unwrap();
    let lost = images.all().into_iter().filter_map(|(image, digest)| {
        let found = client.run(&["digest", &client.image(&image)]);
        if !found.ok || found.out.trim() != digest {
            return Some(format!("{image} is not {digest}: {}{}", found.out, found.err));
        }
        let valid = client.run(&["validate", "--remote", &client.image(&image)]);
        (!valid.ok).then(|| format!("{image} is broken: {}", valid.err))
    });
    lost.collect()
}

/// The leader counts each object, and none is late.
pub fn metrics(system: &System) -> Vec<String> {
    let address = ("127.0.0.1", system.admin_of_controller);
    let metrics = call(address, "GET", "/metrics", &[], b"").unwrap().body;
    let mut expected = Vec::new();
    for (kind, conflicts) in [("ImagePushSecret", 0), ("ImagePullSecret", 1)] {
        let number = |reason: &str, number: usize| {
            format!("serverless_controller_image_secrets{{kind=\"{kind}\",reason=\"{reason}\"}} {number}")
        };
        expected.extend([number("Synced", TEAMS.len()), number("NameConflict", conflicts)]);
        for late in ["overdue", "expired"] {
            expected.push(format!("serverless_controller_image_secrets_{late}{{kind=\"{kind}\"}} 0"));
        }
    }
    expected.retain(|line| !metrics.lines().any(|known| known == line));
    expected.into_iter().map(|line| format!("the controller does not say {line:?}: {metrics}")).collect()
}

/// No log has a password, or a panic.
pub fn logs(system: &System, passwords: &BTreeSet<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, log) in system.logs() {
        if log.contains("panic") {
            problems.push(format!("{name}: {log}"));
        }
        if passwords.iter().any(|password| log.contains(password)) {
            problems.push(format!("{name} holds a password"));
        }
    }
    problems
}

/// When push and pull secrets are deleted, their accounts are, too, and no others.
pub fn leftovers(cluster: &Cluster, patience: Duration) -> Vec<String> {
    for team in TEAMS {
        let delete = format!("delete imagepushsecrets,imagepullsecrets --all -n {team} --timeout=60s");
        kubectl(&cluster.control_plane, &delete, NOTHING).unwrap();
    }
    let start = Instant::now();
    loop {
        let left: Vec<_> = cluster.accounts().into_keys().collect();
        if left == ["ci"] {
            return Vec::new();
        }
        if start.elapsed() > patience {
            return vec![format!("accounts are left over: {left:?}")];
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
