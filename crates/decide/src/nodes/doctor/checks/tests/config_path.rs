//! Whether containerd reads `hosts.toml` files at all.

use rstest::rstest;

use super::*;

/// What `containerd config default` of 2.4.2 prints.
const DEFAULT: &str = include_str!("containerd-2.4.2.toml");
const IMAGES: &str = "[plugins.\"io.containerd.cri.v1.images\".registry]\n";
const CRI: &str = "[plugins.\"io.containerd.grpc.v1.cri\".registry]\n";
const ONE: &str = "config_path = \"/etc/containerd/certs.d\"\n";
const TWO: &str = "config_path = \"/etc/containerd/certs.d:/etc/docker/certs.d\"\n";
const SET: &str = "set `config_path = \"/etc/containerd/certs.d\"` in [plugins.\"io.containerd.cri.v1.images\".registry] and restart containerd";
const SET_1: &str = "set `config_path = \"/etc/containerd/certs.d\"` in [plugins.\"io.containerd.grpc.v1.cri\".registry] and restart containerd";

fn of(version: &str, config: &str) -> Vec<String> {
    examined(version, &[("config.toml", config)])
}

#[test]
fn the_default_configuration_names_two_folders() {
    let problem = "`config_path` is not set: containerd 2.4.2 uses two folders and ignores every hosts.toml";
    assert_eq!(of("2.4.2", DEFAULT), [format!("config.toml:31 error: {problem} | {SET}")]);
    assert_eq!(examined("2.4.2", &[]), [format!("config.toml:1 error: {problem} | {SET}")]);
}

#[rstest]
#[case::since("2.1.0")]
#[case::newest("2.4.2")]
fn two_folders_make_containerd_ignore_every_file(#[case] version: &str) {
    let problem = format!("`config_path` names two folders: containerd {version} ignores every hosts.toml");
    let expected = format!("config.toml:3 error: {problem} | {SET}");
    assert_eq!(of(version, &format!("version = 3\n{IMAGES}{TWO}")), [expected]);
}

#[rstest]
#[case::before("2.0.11", "version = 3\n", IMAGES)]
#[case::old("1.7.35", "version = 2\n", CRI)]
#[case::pulls_by_itself(
    "2.4.2",
    "version = 3\nplugins.\"io.containerd.cri.v1.images\".use_local_image_pull = true\n",
    IMAGES
)]
#[case::pulls_more_at_once(
    "2.4.2",
    "version = 3\nplugins.\"io.containerd.cri.v1.images\".max_concurrent_downloads = 5\n",
    IMAGES
)]
fn two_folders_are_read(#[case] version: &str, #[case] start: &str, #[case] table: &str) {
    let (start, plugin) = match start.split_once("\nplugins") {
        Some((start, key)) => (start, key.split_once("images\".").map_or("", |(_, key)| key)),
        None => (start, ""),
    };
    let plugin = if plugin.is_empty() {
        String::new()
    } else {
        format!("[plugins.\"io.containerd.cri.v1.images\"]\n{plugin}")
    };
    assert_eq!(of(version, &format!("{start}\n{plugin}{table}{TWO}")), Vec::<String>::new());
}

#[rstest]
#[case::one_folder("2.4.2", &format!("version = 3\n{IMAGES}{ONE}"))]
#[case::newest_form("2.4.2", &format!("version = 4\n{IMAGES}{ONE}"))]
#[case::migrated("2.4.2", &format!("version = 2\n{CRI}{ONE}"))]
#[case::migrated_twice("2.4.2", &format!("[plugins.cri.registry]\n{ONE}"))]
#[case::old("1.7.35", &format!("version = 2\n{CRI}{ONE}"))]
#[case::oldest("1.6.20", &format!("[plugins.cri.registry]\n{ONE}"))]
fn one_folder_is_right(#[case] version: &str, #[case] config: &str) {
    assert_eq!(of(version, config), Vec::<String>::new());
}

#[rstest]
#[case::before_there_was_a_default("2.1.0", "version = 3\n", SET)]
#[case::old("1.7.35", "version = 2\n", SET_1)]
fn a_config_path_that_is_not_set(#[case] version: &str, #[case] config: &str, #[case] remedy: &str) {
    let problem = "`config_path` is not set: containerd reads no hosts.toml";
    assert_eq!(of(version, config), [format!("config.toml:1 error: {problem} | {remedy}")]);
}

#[test]
fn mirrors_without_a_config_path() {
    let config =
        format!("version = 3\n{IMAGES}mirrors.\"docker.io\".endpoint = [\"https://a.example.com\"]\n");
    let problem = "`config_path` is not set: containerd uses `mirrors` and reads no hosts.toml";
    let expected = format!("config.toml:2 error: {problem} | {SET}; delete `mirrors`");
    assert_eq!(of("2.4.2", &config), [expected]);
}

#[test]
fn a_config_path_with_mirrors() {
    let config =
        format!("version = 3\n{IMAGES}{ONE}\nmirrors.\"docker.io\".endpoint = [\"https://a.example.com\"]\n");
    let expected = "config.toml:5 error: `mirrors` is set together with `config_path`: the CRI plugin does not load, and the node runs no Pod | delete `mirrors`: hosts.toml files replace it";
    assert_eq!(of("2.4.2", &config), [expected]);
    let empty = format!("version = 3\n{IMAGES}{ONE}mirrors = {{}}\nconfigs = {{}}\n");
    assert_eq!(of("2.4.2", &empty), Vec::<String>::new());
}

#[test]
fn a_config_path_with_configs() {
    let remedy = "delete `configs`: hosts.toml files and pull Secrets replace it";
    let tls = format!(
        "version = 2\n{CRI}{ONE}[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"a\".tls]\n"
    );
    let problem = "`configs` holds `tls`, together with `config_path`: the CRI plugin does not load, and the node runs no Pod";
    assert_eq!(of("1.7.35", &tls), [format!("config.toml:4 error: {problem} | {remedy}")]);
    let auth = format!("version = 3\n{IMAGES}{ONE}configs.\"a\".auth.password = \"{PASSWORD}\"\n");
    let problem = "`configs` is set together with `config_path`: containerd is going to remove it";
    assert_eq!(of("2.4.2", &auth), [format!("config.toml:4 warning: {problem} | {remedy}")]);
}

#[rstest]
#[case::old_plugin("2.2.9", "version = 3\n", CRI, "io.containerd.grpc.v1.cri", SET)]
#[case::new_plugin("1.7.35", "version = 2\n", IMAGES, "io.containerd.cri.v1.images", SET_1)]
fn a_table_that_the_version_does_not_read(
    #[case] version: &str,
    #[case] form: &str,
    #[case] table: &str,
    #[case] plugin: &str,
    #[case] remedy: &str,
) {
    let found = of(version, &format!("{form}{table}{ONE}"));
    let unset = found.iter().find(|text| text.contains("`config_path` is not set")).unwrap();
    assert!(unset.ends_with(remedy), "{unset}");
    let own =
        if version.starts_with('1') { "io.containerd.grpc.v1.cri" } else { "io.containerd.cri.v1.images" };
    let problem = format!("[plugins.\"{plugin}\".registry]: containerd {version} does not read this table");
    let expected = format!("config.toml:2 error: {problem} | move it to [plugins.\"{own}\".registry]");
    assert!(found.contains(&expected), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_configuration_that_does_not_parse_is_all_that_is_said_of_it() {
    let config = format!("version = 3\n{IMAGES}configs.\"a\".auth.password = {PASSWORD}\n");
    let expected = "config.toml:3 error: is no TOML: containerd does not start | correct the line";
    assert_eq!(of("2.4.2", &config), [expected]);
}

#[test]
fn imported_files_replace_what_was_set() {
    let config = format!("version = 3\nimports = [\"conf.d/*.toml\"]\n{IMAGES}{ONE}");
    let two = format!("version = 3\n{IMAGES}\n{TWO}");
    let files = [("config.toml", config.as_str()), ("conf.d/a.toml", &two), ("conf.d/a.toml.bak", "?")];
    let problem = "`config_path` names two folders: containerd 2.4.2 ignores every hosts.toml";
    assert_eq!(examined("2.4.2", &files), [format!("conf.d/a.toml:4 error: {problem} | {SET}")]);
}

#[test]
fn an_imported_file_that_does_not_exist() {
    let config =
        format!("version = 3\nimports = [\"/etc/containerd/more.toml\", \"/srv/far.toml\"]\n{IMAGES}{ONE}");
    let problem = "imports /etc/containerd/more.toml, which does not exist: containerd does not start";
    let remedy = "create the file, or remove it from `imports`";
    assert_eq!(of("2.4.2", &config), [format!("config.toml:2 error: {problem} | {remedy}")]);
}

#[test]
fn a_configuration_that_was_changed_after_containerd_started() {
    let mut tree = node(&[]);
    let changed = "2026-11-26T12:00:01Z".parse().ok();
    let file = File { text: HiddenText::new(CONFIG), mode: 0o644, changed };
    tree.add("/etc/containerd/config.toml", Entry::File(file));
    let at = |started: &str| found(&Input { started: started.parse().ok(), ..input(&tree, "2.4.2") });
    let problem = "was changed after containerd started: containerd does not know it yet";
    assert_eq!(at("2026-11-26T12:00:00Z"), [format!("config.toml:1 error: {problem} | restart containerd")]);
    assert_eq!(at("2026-11-26T12:00:01Z"), Vec::<String>::new());
}

#[test]
fn a_folder_that_does_not_exist() {
    let config = format!("version = 3\n{IMAGES}config_path = \"/etc/containerd/cert.d\"\n");
    let remedy = "create the folder, or correct the path and restart containerd";
    let problem = "`config_path` names /etc/containerd/cert.d, which does not exist";
    assert_eq!(of("2.4.2", &config), [format!("config.toml:3 warning: {problem} | {remedy}")]);
}

#[test]
fn what_else_is_to_be_read_is_named() {
    let imports = "imports = [\"/srv/far.toml\", \"/srv/*.toml\", \"near.toml\"]";
    let config = format!(
        "version = 3\n{imports}\n{IMAGES}config_path = \"/srv/hosts:relative:/etc/containerd/certs.d\"\n"
    );
    let text = "[host.\"https://quay.io\"]\nca = [\"ca.pem\", \"/srv/ca.pem\"]\n";
    let tree = node(&[("config.toml", &config), ("certs.d/quay.io/hosts.toml", text)]);
    let named = super::super::super::uncovered(&tree, parsed("2.4.2"));
    assert_eq!(named, ["/srv/ca.pem", "/srv/far.toml", "/srv/hosts"]);
}
