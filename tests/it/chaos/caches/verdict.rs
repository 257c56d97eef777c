//! What is wrong in the end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::clients::Clients;
use super::cluster::{RESOURCE, UPSTREAM, data};
use super::system::{OTHER, PUSHER, STRANGER, System, TEAM};

/// What is not yet as it was asked for last.
pub fn unsettled(system: &System, clients: &Clients<'_>) -> Vec<String> {
    let (cluster, mut problems) = (&system.cluster, Vec::new());
    let mut expect = |what: &str, found: String, expected: String| {
        if found != expected {
            problems.push(format!("{what} is {found:?}, not {expected:?}"));
        }
    };
    let secret = cluster.secret();
    let conditions = [
        ("Ready", "True Running 1/1 Pods are ready".to_owned()),
        (
            "CredentialsValid",
            format!(
                "True CredentialsProven The upstream accepts the credentials of Secret kyma-system/{secret}"
            ),
        ),
        ("Serving", "True Running The cache gets images from the upstream".to_owned()),
    ];
    for (kind, expected) in conditions {
        expect(kind, cluster.condition(kind), expected);
    }
    expect("the proven Secret", cluster.proven().as_str().unwrap_or_default().to_owned(), secret.clone());
    let in_use = data(&cluster.find(&format!("secret {RESOURCE}-credentials")));
    let (user, password) = cluster.login();
    let login = [("username", user), ("password", password)];
    let login = login.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    if in_use != login {
        problems.push("the credentials in use are not the newest ones".to_owned());
    }
    if cluster.used() != [(secret, "upstream".to_owned())].into() {
        problems.push(format!("Secrets in use are {:?}", cluster.used()));
    }
    let (status, said) = system.agent.readiness();
    if status != 200 {
        problems.push(format!("the agent of the node is not ready: {said}"));
    }
    let file = system.node.file(&format!("{UPSTREAM}/hosts.toml")).unwrap_or_default();
    let endpoint = format!("[host.\"https://{}\"]", system.pod.address);
    if !file.contains(&endpoint) || !file.contains(&format!("server = \"https://{UPSTREAM}\"")) {
        problems.push(format!("the node has {file:?} for the cache at {endpoint}"));
    }
    // The gateway asks an upstream that was away again after five seconds.
    let (image, digest) = clients.of_team().remove(0);
    if let Err(failure) = clients.pull(&image, &digest) {
        problems.push(format!("{image} is not pulled: {failure}"));
    }
    problems
}

/// Each image that was pushed is pulled, a new one with the newest credentials alone, too.
pub fn pulls(clients: &Clients<'_>) -> Vec<String> {
    let images = [clients.of_team(), vec![clients.push_new()]].concat();
    let lost = |(image, digest): &(String, String)| {
        let failure = clients.pull(image, digest).err()?;
        Some(format!("{image} is not pulled: {failure}"))
    };
    images.iter().filter_map(lost).collect()
}

/// No log and no Event has a password, and no log a panic.
pub fn logs(system: &System) -> Vec<String> {
    let logins = system.cluster.logins().iter().map(|(user, password)| (user.as_str(), password.as_str()));
    let logins: Vec<_> = logins.chain([PUSHER, TEAM, OTHER, STRANGER]).collect();
    let mut problems = Vec::new();
    for log in system.logs().into_iter().chain([system.cluster.events()]) {
        if log.contains("panicked") {
            problems.push(format!("a panic: {log}"));
        }
        for (user, password) in &logins {
            let encoded = BASE64.encode(format!("{user}:{password}"));
            if log.contains(password) || log.contains(&encoded) {
                problems.push(format!("a log holds the password of {user}"));
            }
        }
    }
    problems
}
