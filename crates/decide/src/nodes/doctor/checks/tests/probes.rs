//! What servers answered.

use super::super::super::{Answer, Probe, targets};
use super::*;

#[test]
fn servers_that_do_not_answer_as_they_should() {
    let text = "server = \"https://quay.io\"
[host.\"https://a.example.com\"]
ca = \"ca.pem\"
dial_timeout = \"1s\"
[host.\"https://b.example.com\"]
ca = \"ca.pem\"
dial_timeout = \"1s\"
[host.\"https://quay.io\"]
";
    let files =
        [("config.toml", CONFIG), ("certs.d/quay.io/hosts.toml", text), ("certs.d/quay.io/ca.pem", CA)];
    let tree = node(&files);
    let version = parsed("2.4.2");
    let targets = targets(&tree, version);
    let names: Vec<_> = targets.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["https://a.example.com", "https://b.example.com", "https://quay.io"]);
    let expired = "2026-11-01T00:00:00Z".parse().unwrap();
    let answers = [Answer::Dead("connection refused".to_owned()), Answer::Expired(expired), Answer::Alive];
    let probes: Vec<_> =
        targets.into_iter().zip(answers).map(|(target, answer)| Probe { target, answer }).collect();
    let found = found(&Input { probes: &probes, ..input(&tree, "2.4.2") });
    let dead = "https://a.example.com does not answer: connection refused | start the server, or delete the lines that name it";
    let expired = "the certificate of https://b.example.com expired at 2026-11-01T00:00:00Z | renew the certificate of the server";
    let file = "certs.d/quay.io/hosts.toml";
    assert_eq!(found, [format!("{file}:2 error: {dead}"), format!("{file}:5 error: {expired}")]);
}

#[test]
fn the_registry_that_containerd_falls_back_to_is_not_asked() {
    let files = [("config.toml", CONFIG), ("certs.d/quay.io/hosts.toml", "server = \"https://quay.io\"\n")];
    assert!(targets(&node(&files), parsed("2.4.2")).is_empty());
    let only =
        [("config.toml", CONFIG), ("certs.d/quay.io/hosts.toml", "server = \"http://a.example.com\"\n")];
    let names: Vec<_> = targets(&node(&only), parsed("2.4.2")).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["http://a.example.com"]);
}
