//! Whether the folder of a host hides another.

use super::*;

#[test]
fn an_empty_folder_hides_the_default() {
    let files = [
        ("config.toml", CONFIG),
        ("certs.d/quay.io/", ""),
        ("certs.d/quay.io/notes.txt", ""),
        ("certs.d/_default/hosts.toml", MIRROR),
        ("certs.d/_default/ca.pem", CA),
        ("certs.d/.serverless-node-agent/lock", ""),
    ];
    let problem = "holds no hosts.toml: containerd uses neither it nor _default for quay.io";
    assert_eq!(
        examined("2.4.2", &files),
        [format!("certs.d/quay.io:1 error: {problem} | delete the folder")]
    );
}

#[test]
fn an_empty_folder_alone_hides_nothing() {
    assert_eq!(examined("2.4.2", &[("config.toml", CONFIG), ("certs.d/quay.io/", "")]), Vec::<String>::new());
}

#[test]
fn two_folders_for_one_host() {
    let server = "server = \"https://example.com:5000\"\n";
    let files = [
        ("config.toml", CONFIG),
        ("certs.d/example.com:5000/hosts.toml", server),
        ("certs.d/example.com_5000_/hosts.toml", server),
    ];
    let problem =
        "containerd does not read it: it uses /etc/containerd/certs.d/example.com_5000_ for example.com:5000";
    let expected = format!("certs.d/example.com:5000:1 error: {problem} | delete one of the two folders");
    assert_eq!(examined("2.4.2", &files), [expected]);
}

#[test]
fn the_first_of_two_folders_in_config_path_is_used() {
    let config = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d:/etc/docker/certs.d\"\n";
    let server = "server = \"https://quay.io\"\n[host.\"https://quay.io\"]\n";
    let files = [
        ("config.toml", config),
        ("/etc/docker/certs.d/quay.io/hosts.toml", server),
        ("certs.d/quay.io/hosts.toml", server),
    ];
    let problem = "containerd does not read it: it uses /etc/containerd/certs.d/quay.io for quay.io";
    let expected = format!("/etc/docker/certs.d/quay.io:1 error: {problem} | delete one of the two folders");
    assert_eq!(examined("1.7.35", &files), [expected]);
}
