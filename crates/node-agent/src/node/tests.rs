//! A folder in which others have files, too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::thread;

use decide::nodes::credentials_file::{CredentialsFile, Login};
use decide::nodes::files::MARKER;
use policy::container_registries::HiddenText;
use tempfile::TempDir;

use super::*;

const SUPERSEDED: &str = "another agent has the files of this node now, or `clean` has removed them: this agent writes nothing until it starts again";

/// Paths below a folder, with the type, mode, time and content of what is there. The folder itself is left out, and so are
/// the times of folders: they change with each entry.
fn listing(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = if metadata.is_dir() {
                folders.push(path.clone());
                "folder".to_owned()
            } else if metadata.is_symlink() {
                format!("link to {}", fs::read_link(&path).unwrap().display())
            } else {
                let times = (metadata.mtime(), metadata.mtime_nsec());
                format!("{times:?} {:?}", fs::read(&path).unwrap())
            };
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, format!("{:o} {content}", metadata.mode()));
        }
    }
    found
}

fn places(root: &Path) -> Places {
    let logins = root.join("registry-credentials.json");
    Places { hosts: root.to_owned(), logins, owner: String::new() }
}

fn claim(root: &Path) -> Node {
    Node::claim(&places(root)).unwrap()
}

/// A folder with all that others may have in it.
fn used() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    for folder in ["quay.io", "registry.k8s.io", "empty", "docker.io", "docker.io/deep"] {
        fs::create_dir(path(folder)).unwrap();
    }
    fs::write(path("quay.io/hosts.toml"), "server = \"https://quay.io\"\n").unwrap();
    fs::write(path("quay.io/hosts.toml~"), format!("{MARKER}\n")).unwrap();
    fs::write(path("docker.io/client.cert"), [0xff, 0x00]).unwrap();
    fs::set_permissions(path("docker.io/client.cert"), Permissions::from_mode(0o640)).unwrap();
    fs::write(path("README"), "by hand").unwrap();
    symlink("../quay.io/hosts.toml", path("registry.k8s.io/hosts.toml")).unwrap();
    symlink("nowhere", path("gcr.io")).unwrap();
    root
}

fn host(name: &str, number: usize) -> (String, Wanted) {
    let ca = format!("ca-{number:08x}.pem");
    let text = |rest: &str| HiddenText::new(format!("{MARKER}\n{rest}"));
    let hosts = text(&format!("server = \"https://{name}\"\n[host.\"https://mirror\"]\nca = \"{ca}\"\n"));
    (name.to_owned(), Wanted::Files([("hosts.toml".to_owned(), hosts), (ca, text("a"))].into()))
}

fn logins(number: usize) -> HiddenText {
    let login = Login { username: "me".to_owned(), password: HiddenText::new(number.to_string()) };
    let registries = [("docker.io".to_owned(), login)].into();
    CredentialsFile { registries, ..CredentialsFile::default() }.managed().to_text()
}

fn messages(report: &Report) -> Vec<String> {
    report.errors.iter().map(ToString::to_string).collect()
}

/// As the old and the new Pod do in a rolling update.
#[test]
fn two_agents_that_write_at_the_same_time_are_not_in_each_others_way() {
    let root = tempfile::tempdir().unwrap();
    let write = |node: &Node, number: usize| {
        messages(&node.apply(&BTreeMap::from([host("docker.io", 1)]), Some(&logins(number))))
    };
    let old = claim(root.path());
    assert_eq!(write(&old, 100), [""; 0]);
    thread::scope(|scope| {
        scope.spawn(|| {
            let said: Vec<_> = (0..50).map(|number| write(&old, number)).collect();
            let until = said.iter().position(|said| *said != [""; 0]).unwrap_or(said.len());
            assert!(said[until..].iter().all(|said| *said == [SUPERSEDED]), "{said:?}");
        });
        scope.spawn(|| {
            let new = claim(root.path());
            for number in 50..100 {
                assert_eq!(write(&new, number), [""; 0]);
            }
        });
    });
    assert_eq!(write(&old, 100), [SUPERSEDED]);
    assert_eq!(fs::read_to_string(places(root.path()).logins).unwrap(), logins(99).reveal());
    let left = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut left: Vec<_> = left.collect();
    left.sort();
    assert_eq!(left, [".serverless-node-agent", "docker.io", "registry-credentials.json"]);
}

#[test]
fn after_many_changes_and_a_clean_the_folder_is_what_it_was() {
    let root = used();
    let before = listing(root.path());
    let node = claim(root.path());
    for number in 0..200 {
        let names = ["docker.io", "ghcr.io", "example.com:5000", "quay.io", "gcr.io", "_default"];
        let chosen = names.iter().enumerate().filter(|(index, _)| (number >> index) % 2 == 0);
        let report = node.apply(&chosen.map(|(_, name)| host(name, number)).collect(), Some(&logins(number)));
        assert!(report.errors.is_empty(), "{:?}", report.errors);
    }
    let report = Node::clean(&places(root.path()));
    assert!(report.errors.is_empty() && report.removed > 0, "{report:?}");
    assert_eq!(listing(root.path()), before);
}

#[test]
fn what_others_have_is_reported_and_what_is_right_is_not_written_again() {
    let root = used();
    let node = claim(root.path());
    let wanted = BTreeMap::from(["quay.io", "gcr.io", "ghcr.io", "docker.io"].map(|name| host(name, 1)));
    let report = node.apply(&wanted, None);
    assert_eq!((report.written, report.removed), (2, 0));
    assert_eq!(Vec::from_iter(&report.in_the_way), ["docker.io", "gcr.io", "quay.io/hosts.toml"]);
    let foreign = [
        "README",
        "docker.io/client.cert",
        "docker.io/deep",
        "empty",
        "gcr.io",
        "quay.io/hosts.toml",
        "quay.io/hosts.toml~",
        "registry.k8s.io/hosts.toml",
    ];
    assert_eq!(Vec::from_iter(&report.foreign), foreign);
    let written = listing(root.path());
    assert_eq!(&written["ghcr.io"], "40755 folder");
    assert!(written["ghcr.io/hosts.toml"].starts_with("100600 "), "{written:?}");
    let again = node.apply(&wanted, None);
    assert_eq!((again.written, again.removed), (0, 0));
    assert_eq!(listing(root.path()), written);
}

#[test]
fn the_file_with_logins_is_ours_under_any_name() {
    let root = tempfile::tempdir().unwrap();
    let places = Places { logins: root.path().join("logins.json"), ..places(root.path()) };
    let node = Node::claim(&places).unwrap();
    for written in [1, 0] {
        let report = node.apply(&BTreeMap::new(), Some(&logins(1)));
        assert_eq!((report.written, report.foreign), (written, BTreeSet::new()));
    }
    assert_eq!(Node::clean(&places).removed, 1);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_clean_ends_the_claim_of_a_running_agent() {
    let root = tempfile::tempdir().unwrap();
    let node = claim(root.path());
    let wanted = BTreeMap::from([host("docker.io", 1)]);
    let written = node.apply(&wanted, None).written;
    assert_eq!((written, Node::clean(&places(root.path())).removed), (2, 2));
    let refused = || messages(&node.apply(&wanted, Some(&logins(1))));
    assert_eq!(refused(), [SUPERSEDED]);
    // Not even when another agent has started.
    let next = claim(root.path());
    assert_eq!(refused(), [SUPERSEDED]);
    assert_eq!(next.apply(&wanted, None).written, 2);
}

#[test]
fn an_agent_that_starts_ends_the_claim_of_another_one_whose_end_leaves_its_files_alone() {
    let root = tempfile::tempdir().unwrap();
    let wanted = BTreeMap::from([host("docker.io", 1)]);
    let of = |owner: &str| Places { owner: owner.to_owned(), ..places(root.path()) };
    let first = Node::claim(&of("1")).unwrap();
    assert_eq!(first.apply(&wanted, None).written, 2);
    let next = Node::claim(&of("2")).unwrap();
    assert_eq!(messages(&first.apply(&BTreeMap::new(), None)), [SUPERSEDED]);

    let there = listing(root.path());
    let report = Node::clean(&of("1"));
    assert_eq!((report.removed, messages(&report)), (0, vec![SUPERSEDED.to_owned()]));
    assert_eq!(listing(root.path()), there);
    assert_eq!(messages(&next.apply(&wanted, None)), [""; 0]);
    // Its own end removes them, and so does somebody who is no agent.
    for owner in ["2", ""] {
        assert_eq!(Node::clean(&of(owner)).removed, 2);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        assert_eq!(Node::claim(&of("2")).unwrap().apply(&wanted, None).written, 2);
    }
    // One that does not know its Pod has no files of its own.
    let unknown = Node::claim(&of("")).unwrap();
    assert_eq!((messages(&unknown.apply(&wanted, None)), Node::clean(&of("1")).removed), (vec![], 2));
}

#[test]
fn what_cannot_be_written_is_said_with_its_path_and_reason() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("certs.d");
    let error = Node::claim(&places(&missing)).unwrap_err();
    let area = missing.join(".serverless-node-agent");
    let expected = format!("{} cannot be created: No such file or directory (os error 2)", area.display());
    assert_eq!(error.to_string(), expected);

    assert_eq!(Node::clean(&places(&missing)).removed, 0);
    let node = claim(root.path());
    // No folder can have this name, and another host does not wait for it.
    let long = "a".repeat(300);
    let report = node.apply(&BTreeMap::from([host(&long, 1), host("docker.io", 1)]), None);
    let path = root.path().join(long);
    assert_eq!(
        messages(&report),
        [format!("{} cannot be changed: File name too long (os error 36)", path.display())]
    );
    assert_eq!(report.written, 2);
    assert!(root.path().join("docker.io/hosts.toml").exists());
}

#[test]
fn a_file_with_logins_of_somebody_else_is_reported_whether_there_is_one_of_ours_or_not() {
    let root = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    for (path, reported) in [
        (root.path().join("registry-credentials.json"), "registry-credentials.json".to_owned()),
        (root.path().join("logins.json"), "logins.json".to_owned()),
        (elsewhere.path().join("logins.json"), elsewhere.path().join("logins.json").display().to_string()),
    ] {
        fs::write(&path, "{}").unwrap();
        let node = Node::claim(&Places { logins: path.clone(), ..places(root.path()) }).unwrap();
        let report = node.apply(&BTreeMap::new(), None);
        assert_eq!((messages(&report), Vec::from_iter(report.foreign)), (vec![], vec![reported.clone()]));
        let report = node.apply(&BTreeMap::new(), Some(&logins(1)));
        let error = format!("{} is not ours: remove it, or choose another file", path.display());
        assert_eq!((messages(&report), Vec::from_iter(report.foreign)), (vec![error], vec![reported]));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn files_of_ours_are_found_and_a_folder_without_any_stays_as_it_is() {
    let root = used();
    let before = listing(root.path());
    let left = || (Node::look(&places(root.path())).left, listing(root.path()) == before);
    assert_eq!(left(), (Some(0), true));
    let node = claim(root.path());
    let report = node.apply(&BTreeMap::from([host("ghcr.io", 1)]), Some(&logins(1)));
    assert_eq!((report.written, left().0), (3, Some(3)));
    assert_eq!(Node::clean(&places(root.path())).removed, 3);
    assert_eq!(left(), (Some(0), true));
    let missing = Node::look(&places(&root.path().join("missing")));
    assert_eq!((missing.left, messages(&missing)), (Some(0), vec![]));
}
