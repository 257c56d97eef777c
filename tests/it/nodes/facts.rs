//! What runtimes do with files that are not as they should be. The doctor reports these, because containerd pulls from
//! somewhere else and says nothing, or not enough.

use std::fs;
use std::path::Path;

use rstest::rstest;
use tempfile::TempDir;

use crate::harness::parsers::{Answer, Parser, Runtime, Server};

/// Where images of `example.com` come from with a folder of files.
fn with(runtime: Runtime, files: &[(&str, &str)]) -> Answer {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Parser::start(runtime).ask(folder.path(), &["example.com"])
}

/// The addresses that images of `example.com` come from.
fn urls(answer: &Answer) -> Vec<&str> {
    servers(answer).iter().map(|server| server.url.as_str()).collect()
}

fn servers(answer: &Answer) -> &[Server] {
    assert_eq!(answer.error, "");
    answer.hosts["example.com"].as_deref().unwrap()
}

/// Every generation of containerd.
const CONTAINERD: [Runtime; 4] =
    [Runtime::Containerd1_6, Runtime::Containerd1_7, Runtime::Containerd2_2, Runtime::Containerd2_4];

const UPSTREAM: &str = "https://example.com/v2";
const MIRROR: &str = "https://mirror.test/v2";

#[test]
fn an_empty_file_drops_every_mirror_without_a_word() {
    for runtime in CONTAINERD {
        let answer = with(runtime, &[("example.com/hosts.toml", "")]);
        assert_eq!((urls(&answer), answer.log.len()), (vec![UPSTREAM], 0), "{runtime:?}");
    }
}

#[rstest]
#[case::broken("[host.\"https://mirror.test\"\n")]
#[case::cut("server = \"https://example.com\"\n[host.\"https://mirror.te")]
#[case::repeated("[host.\"https://mirror.test\"]\n[host.\"https://mirror.test\"]\n")]
#[case::unknown_capability("[host.\"https://mirror.test\"]\ncapabilities = [\"read\"]\n")]
#[case::header_that_is_no_text("[host.\"https://mirror.test\".header]\nAuthorization = 1\n")]
fn a_file_that_is_wrong_drops_every_mirror_and_is_only_logged(#[case] text: &str) {
    for runtime in CONTAINERD {
        let answer = with(runtime, &[("example.com/hosts.toml", text)]);
        assert_eq!(urls(&answer), [UPSTREAM], "{runtime:?}");
        let [said] = answer.log.as_slice() else { panic!("{runtime:?}: {:?}", answer.log) };
        assert!(said.starts_with("failed to decode "), "{runtime:?}: {said}");
    }
}

#[rstest]
#[case::not_read(Runtime::Containerd1_6, UPSTREAM, 1)]
#[case::read(Runtime::Containerd1_7, MIRROR, 0)]
#[case::read(Runtime::Containerd2_2, MIRROR, 0)]
#[case::read(Runtime::Containerd2_4, MIRROR, 0)]
fn a_file_without_a_host_is_read_since_1_7(
    #[case] runtime: Runtime,
    #[case] expected: &str,
    #[case] logged: usize,
) {
    let answer = with(runtime, &[("example.com/hosts.toml", "server = \"https://mirror.test\"\n")]);
    assert_eq!((urls(&answer), answer.log.len()), (vec![expected], logged));
}

#[rstest]
fn a_folder_of_a_host_shadows_the_default_even_if_it_is_empty(#[values(true, false)] is_empty: bool) {
    let default = ("_default/hosts.toml", "[host.\"https://mirror.test\"]\n");
    let mut files = vec![default];
    if is_empty {
        files.push(("example.com/README", ""));
    }
    for runtime in CONTAINERD {
        let answer = with(runtime, &files);
        let expected = if is_empty { vec![UPSTREAM] } else { vec![MIRROR, UPSTREAM] };
        assert_eq!((urls(&answer), answer.log.len()), (expected, 0), "{runtime:?}");
    }
}

#[rstest]
#[case::underscores("example.com_5000_")]
#[case::colon("example.com:5000")]
fn a_port_is_written_in_two_ways(#[case] name: &str) {
    for runtime in CONTAINERD {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("hosts.toml"), "server = \"https://mirror.test\"\n[host]\n")
            .unwrap();
        let answer = Parser::start(runtime).ask(folder.path(), &["example.com:5000"]);
        let servers = answer.hosts["example.com:5000"].as_deref().unwrap();
        assert_eq!(servers[0].url, MIRROR, "{runtime:?}");
    }
}

/// What a `config_path` of two folders is since 2.1, and is by default since 2.2.
#[rstest]
fn two_folders_are_no_folder_for_the_transfer_service(
    #[values(Runtime::Containerd2_2, Runtime::Containerd2_4)] runtime: Runtime,
) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("example.com/hosts.toml");
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(file, "[host.\"https://mirror.test\"]\n").unwrap();
    let mut parser = Parser::start(runtime);
    let one = parser.ask(folder.path(), &["example.com"]);
    assert_eq!(urls(&one), [MIRROR, UPSTREAM]);
    let two = format!("{}:/etc/docker/certs.d", folder.path().display());
    let two = parser.ask(Path::new(&two), &["example.com"]);
    assert_eq!((urls(&two), two.log.len()), (vec![UPSTREAM], 0));
}

/// The agent writes authorities before the file that names them.
#[rstest]
fn a_missing_authority_fails_the_pull() {
    for runtime in CONTAINERD {
        let answer =
            with(runtime, &[("example.com/hosts.toml", "[host.\"https://mirror.test\"]\nca = \"ca.pem\"\n")]);
        assert!(answer.error.contains("unable to read CA cert"), "{runtime:?}: {}", answer.error);
    }
}

/// Credentials go to whoever answers with TLS first, or without it.
#[rstest]
fn plain_http_with_a_setting_of_tls_tries_https_first() {
    for runtime in CONTAINERD {
        let text = "[host.\"http://mirror.test:5000\"]\nskip_verify = true\n";
        let answer = with(runtime, &[("example.com/hosts.toml", text)]);
        assert_eq!(urls(&answer), ["https://mirror.test:5000/v2", UPSTREAM], "{runtime:?}");
    }
}

#[rstest]
#[case::unknown(Runtime::Containerd1_7, 30_000)]
#[case::known(Runtime::Containerd2_2, 1000)]
#[case::known(Runtime::Containerd2_4, 1000)]
fn a_dial_timeout_is_ignored_where_it_is_unknown(#[case] runtime: Runtime, #[case] expected: u64) {
    let text = "[host.\"https://mirror.test\"]\ndial_timeout = \"1s\"\n";
    let answer = with(runtime, &[("example.com/hosts.toml", text)]);
    let timeouts: Vec<_> = servers(&answer).iter().map(|server| server.dial_timeout).collect();
    assert_eq!((timeouts, answer.log.len()), (vec![expected, 30_000], 0));
}

/// `docker.io` answers no pulls: the file must name the host that does.
#[test]
fn docker_hub_is_found_by_its_own_name_only_without_a_file() {
    for runtime in CONTAINERD {
        let folder = TempDir::new().unwrap();
        let mut parser = Parser::start(runtime);
        let mut ask = || {
            parser.ask(folder.path(), &["docker.io"]).hosts["docker.io"].as_deref().unwrap()[0].url.clone()
        };
        assert_eq!(ask(), "https://registry-1.docker.io/v2", "{runtime:?}");
        fs::create_dir(folder.path().join("docker.io")).unwrap();
        fs::write(folder.path().join("docker.io/hosts.toml"), "server = \"https://docker.io\"\n[host]\n")
            .unwrap();
        assert_eq!(ask(), "https://docker.io/v2", "{runtime:?}");
    }
}

#[test]
fn k3s_asks_the_registry_last_and_finds_credentials_by_the_address_of_an_endpoint() {
    let file = "mirrors:\n  '*':\n    endpoint: ['http://a.test:5000', 'https://b.test/v2/x']\n\
        configs:\n  'a.test:5000':\n    auth: {username: me, password: secret}\n  a.test:\n    auth: {username: nobody, password: x}\n";
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("registries.yaml");
    fs::write(&path, file).unwrap();
    let answer = Parser::start(Runtime::K3s).ask(&path, &["example.com"]);
    let servers = servers(&answer).iter().map(|server| (server.url.as_str(), server.username.as_str()));
    let expected = [("http://a.test:5000/v2", "me"), ("https://b.test/v2/x", ""), (UPSTREAM, "")];
    assert_eq!(servers.collect::<Vec<_>>(), expected);
}

#[test]
fn crio_asks_a_blocked_registry_not_at_all_and_its_mirrors_by_their_own_credentials() {
    let conf = "[[registry]]\nprefix = \"example.com\"\nlocation = \"example.com\"\nblocked = true\n\
        [[registry.mirror]]\nlocation = \"a.test:5000\"\ninsecure = true\npull-from-mirror = \"digest-only\"\n";
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("registries.conf.d")).unwrap();
    fs::write(folder.path().join("registries.conf.d/a.conf"), conf).unwrap();
    let auths = r#"{"auths": {"a.test:5000": {"auth": "bWU6c2VjcmV0"}, "example.com": {"auth": "eDp4"}}}"#;
    fs::write(folder.path().join("auth.json"), auths).unwrap();
    let answer = Parser::start(Runtime::Crio).ask(folder.path(), &["example.com"]);
    let expected = Server {
        url: "a.test:5000/namespace/image".to_owned(),
        username: "me".to_owned(),
        password: "secret".to_owned(),
        insecure: true,
        by: "digest-only".to_owned(),
        ..Server::default()
    };
    assert_eq!(servers(&answer), [expected]);
}
