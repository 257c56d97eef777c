//! Whether containerd can read each `hosts.toml`, and whether others cannot.

use rstest::rstest;

use super::*;

const IGNORED: &str = "containerd ignores the file and asks quay.io itself";

fn of(version: &str, text: &str) -> Vec<String> {
    let files =
        [("config.toml", CONFIG), ("certs.d/quay.io/hosts.toml", text), ("certs.d/quay.io/ca.pem", CA)];
    examined(version, &files)
}

#[rstest]
#[case::no_byte("")]
#[case::comment("# mirrors\n\n")]
fn an_empty_file(#[case] text: &str) {
    let remedy = "write the mirrors to the file, or delete its folder";
    let expected = format!("certs.d/quay.io/hosts.toml:1 error: is empty: {IGNORED} | {remedy}");
    assert_eq!(of("2.4.2", text), [expected]);
}

#[rstest]
#[case::half_a_table("server = \"https://quay.io\"\n[host.\"https://a", 2, "is no TOML")]
#[case::secret("[host.\"https://a\".header]\nAuthorization = Basic cGFzc3dvcmQ6c2VjcmV0\n", 2, "is no TOML")]
#[case::table_twice("[host.\"https://a\"]\n[host.\"https://a\"]\n", 2, "repeats a key or a table")]
#[case::key_twice("server = \"https://a\"\nserver = \"https://b\"\n", 2, "repeats a key or a table")]
#[case::capability(
    "[host.\"https://a\"]\ncapabilities = [\"pull\", \"cGFzc3dvcmQ6c2VjcmV0\"]\n",
    2,
    "has unknown `capabilities`"
)]
#[case::ca("[host.\"https://a\"]\nca = 1\n", 2, "has a `ca` that is no text and no list of texts")]
#[case::client("[host.\"https://a\"]\nclient = [[\"a\"]]\n", 2, "has a `client` that names no files")]
#[case::skip_verify(
    "[host.\"https://a\"]\nskip_verify = \"true\"\n",
    2,
    "has a `skip_verify` that is neither true nor false"
)]
#[case::override_path(
    "[host.\"https://a\"]\noverride_path = 1\n",
    2,
    "has an `override_path` that is neither true nor false"
)]
#[case::dial_timeout(
    "[host.\"https://a\"]\ndial_timeout = \"1\"\n",
    2,
    "has a `dial_timeout` that is no duration"
)]
#[case::header("[host.\"https://a\".header]\nAuthorization = 1\n", 1, "has a `header` that is no text")]
#[case::server("server = 1\n", 1, "has a `server` that is no text")]
#[case::url("server = \"https://a:x\"\n", 1, "has a `server` that is no URL")]
#[case::host_url("\n[host.\"https://a b\"]\n", 2, "has a host that is no URL")]
#[case::host("host = 1\n", 1, "has a `host` that is no table")]
#[case::host_value("[host]\n\"https://a\" = 1\n", 2, "has a host that is no table")]
fn a_file_that_containerd_does_not_read(#[case] text: &str, #[case] line: usize, #[case] what: &str) {
    let expected = format!("certs.d/quay.io/hosts.toml:{line} error: {what}: {IGNORED} | correct the line");
    assert_eq!(of("2.4.2", text), [expected]);
}

#[test]
fn a_file_without_hosts() {
    let text = "server = \"https://quay.io\"\n";
    let config = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n";
    let at = |version| examined(version, &[("config.toml", config), ("certs.d/quay.io/hosts.toml", text)]);
    let problem = "has no table [host]: containerd 1.6.20 ignores the file";
    let remedy = "add a table [host.\"https://…\"] for the server";
    assert_eq!(at("1.6.20"), [format!("certs.d/quay.io/hosts.toml:1 error: {problem} | {remedy}")]);
    assert_eq!(at("1.7.35"), Vec::<String>::new());
}

#[test]
fn an_ipv6_address_in_a_table() {
    let text = "server = \"https://quay.io\"\n[host.\"https://[::1]:5000\"]\n";
    let config = CONFIG.replace("version = 3", "version = 2").replace("cri.v1.images", "grpc.v1.cri");
    let files = [("config.toml", config.as_str()), ("certs.d/quay.io/hosts.toml", text)];
    let problem = "has an IPv6 address in the name of a table: containerd 1.7.35 ignores the file";
    let remedy = "use a name for the address, or containerd 2.0";
    assert_eq!(
        examined("1.7.35", &files),
        [format!("certs.d/quay.io/hosts.toml:2 error: {problem} | {remedy}")]
    );
    assert!(!of("2.4.2", text).iter().any(|text| text.contains("IPv6")));
}

#[rstest]
#[case::capability("[host.\"https://quay.io\"]\ncapabilities = [\"referrers\"]\n", true)]
#[case::dial_timeout("[host.\"https://quay.io\"]\ndial_timeout = \"1\"\n", false)]
#[case::dotted("host.\"https://quay.io\".skip_verify = true\n", false)]
fn versions_read_different_files(#[case] text: &str, #[case] is_newer: bool) {
    let config = CONFIG.replace("version = 3", "version = 2").replace("cri.v1.images", "grpc.v1.cri");
    let files = [("config.toml", config.as_str()), ("certs.d/quay.io/hosts.toml", text)];
    let is_well = ["1.7.35", "2.4.2"].map(|version| examined(version, &files).is_empty());
    assert_eq!(is_well, [!is_newer, is_newer]);
}

#[test]
fn a_server_without_a_host_is_the_registry_itself() {
    assert_eq!(of("2.4.2", "server = \"https://\"\n"), Vec::<String>::new());
}

#[rstest]
#[case::dotted("host.\"https://quay.io\".skip_verify = true\n", 1)]
#[case::inline("host = {\"https://quay.io\" = {}}\n", 1)]
#[case::inline_in_a_table("[host]\n\"https://quay.io\" = {}\n", 2)]
fn a_host_that_containerd_does_not_see(#[case] text: &str, #[case] line: usize) {
    let problem = "has a host without a header of its own: containerd does not see it";
    let remedy = "begin it with a line [host.\"https://…\"]";
    assert_eq!(of("2.4.2", text), [format!("certs.d/quay.io/hosts.toml:{line} error: {problem} | {remedy}")]);
}

#[test]
fn a_host_that_begins_with_its_header_is_seen() {
    let text = format!("[host.\"https://quay.io\".header]\nAuthorization = \"Basic {PASSWORD}\"\n");
    assert_eq!(of("2.4.2", &text), Vec::<String>::new());
}

#[rstest]
#[case::group(0o640, "0640")]
#[case::all(0o644, "0644")]
#[case::executable(0o700, "0700")]
fn a_file_with_credentials_that_others_can_read(#[case] mode: u32, #[case] shown: &str) {
    let path = "/etc/containerd/certs.d/quay.io/hosts.toml";
    let text = format!("[host.\"https://quay.io\".header]\nAuthorization = \"Basic {PASSWORD}\"\n");
    let at = |mode| {
        let mut tree = node(&[("config.toml", CONFIG), ("certs.d/quay.io/", "")]);
        tree.add(path, file(&text, mode));
        found(&input(&tree, "2.4.2"))
    };
    let problem = format!("holds credentials, and its mode {shown} is wider than 0600");
    assert_eq!(at(mode), [format!("certs.d/quay.io/hosts.toml:1 error: {problem} | chmod 600 {path}")]);
    assert_eq!([at(0o600), at(0o400)], [Vec::<String>::new(), Vec::new()]);
}

#[rstest]
#[case::broken(
    "certs.d/quay.io/hosts.toml",
    "[host.\"https://quay.io\".header]\nAuthorization = Basic cGFzc3dvcmQ6c2VjcmV0\n"
)]
#[case::of_the_provider("certs.d/registry-credentials.json", "{}")]
#[case::configs(
    "config.toml",
    "version = 3\n[plugins.\"io.containerd.cri.v1.images\".registry.configs.a.auth]\nauth = \"cGFzc3dvcmQ6c2VjcmV0\"\n"
)]
fn other_files_with_credentials(#[case] path: &str, #[case] text: &str) {
    let mut tree = node(&[("config.toml", CONFIG), ("certs.d/quay.io/", "")]);
    let full = format!("/etc/containerd/{path}");
    tree.add(full.as_str(), file(text, 0o644));
    let found = found(&input(&tree, "2.4.2"));
    let problem = "holds credentials, and its mode 0644 is wider than 0600";
    let expected = format!("{path}:1 error: {problem} | chmod 600 {full}");
    assert!(found.contains(&expected), "{found:?}");
}

#[test]
fn a_file_that_is_named_and_does_not_exist() {
    let text = "[host.\"https://quay.io\"]\nca = [\"ca.pem\", \"other.pem\"]\nclient = [[\"/srv/a\", \"/etc/containerd/b\"]]\n";
    let problem = |path| format!("names {path}, which cannot be read: containerd pulls nothing for quay.io");
    let remedy = "write the file, or delete the line";
    let expected = [(2, "/etc/containerd/certs.d/quay.io/other.pem"), (3, "/etc/containerd/b")]
        .map(|(line, path)| format!("certs.d/quay.io/hosts.toml:{line} error: {} | {remedy}", problem(path)));
    assert_eq!(of("2.4.2", text), expected);
}

#[test]
fn a_file_that_nobody_could_read() {
    let mut tree = node(&[("config.toml", CONFIG), ("certs.d/quay.io/", "")]);
    tree.add("/etc/containerd/certs.d/quay.io/hosts.toml", Entry::Unreadable("permission denied".to_owned()));
    let found = found(&input(&tree, "2.4.2"));
    let expected = "certs.d/quay.io/hosts.toml:1 error: cannot be read: permission denied | run the doctor as root on the node";
    assert_eq!(found, [expected]);
}

#[rstest]
#[case::of_the_agent("# Managed by serverless-node-agent. Changes are overwritten.\n\u{fffd}", true)]
#[case::with_the_word("[host.a.header]\nAUTHORIZATION = \u{fffd}", true)]
#[case::another("\u{fffd}", false)]
fn a_file_that_is_no_utf_8(#[case] text: &str, #[case] may_hold_credentials: bool) {
    let mut tree = node(&[("config.toml", CONFIG), ("certs.d/quay.io/", "")]);
    let file = File { text: HiddenText::new(text), mode: 0o644, changed: None };
    tree.add("/etc/containerd/certs.d/quay.io/hosts.toml", Entry::NotText(file));
    let path = "certs.d/quay.io/hosts.toml";
    let mut expected = vec![
        format!(
            "{path}:1 error: holds credentials, and its mode 0644 is wider than 0600 | chmod 600 /etc/containerd/{path}"
        ),
        format!("{path}:1 error: is no UTF-8 | write the file as UTF-8"),
    ];
    expected.drain(..usize::from(!may_hold_credentials));
    assert_eq!(found(&input(&tree, "2.4.2")), expected);
}

#[test]
fn an_authority_that_cannot_be_used() {
    let of = |ca: &str, now| {
        let text = "[host.\"https://quay.io\"]\nca = \"ca.pem\"\n";
        let tree = node(&[
            ("config.toml", CONFIG),
            ("certs.d/quay.io/hosts.toml", text),
            ("certs.d/quay.io/ca.pem", ca),
        ]);
        found(&Input { now: at(now), ..input(&tree, "2.4.2") })
    };
    let (now, later) = ("2026-11-26T20:00:00Z", "2126-11-26T20:00:00Z");
    let names = "certs.d/quay.io/hosts.toml:2 error: names /etc/containerd/certs.d/quay.io/ca.pem";
    let remedy = "write the certificates of the authority to the file";
    let expired =
        format!("{names}, which holds a certificate that expired at 2126-11-02T18:11:21Z | {remedy}");
    assert_eq!(of(CA, later), [expired]);
    let none =
        format!("{names}, which holds no certificate: containerd pulls nothing for quay.io | {remedy}");
    let no_certificate = ["", "text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"];
    assert_eq!(no_certificate.map(|ca| of(ca, now)), [[none.as_str()]; 3]);
    assert_eq!(of(&format!("text\n{CA}"), now), Vec::<String>::new());
}
