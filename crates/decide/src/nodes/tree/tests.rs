//! A row for each state of a folder.

use rstest::rstest;

use super::*;

const CA: &str = "ca-0a1b2c3d.pem";
const OTHER_CA: &str = "ca-4e5f6071.pem";

fn hosts(server: &str) -> String {
    format!("{MARKER}\nserver = \"{server}\"\n")
}

fn pem() -> String {
    format!("{MARKER}\n-----BEGIN CERTIFICATE-----\n")
}

fn of(text: &str, is_private: bool) -> File {
    let start = text.as_bytes().get(..START).unwrap_or(text.as_bytes());
    if is_marked(start) {
        File::Ours { hash: hash::of_bytes(text.as_bytes()), is_private }
    } else {
        File::Foreign
    }
}

fn text(text: &str) -> File {
    of(text, true)
}

/// A folder with these files.
fn folder<const N: usize>(name: &str, files: [(&str, File); N]) -> Tree {
    let known = |name: &str, file: File| if can_be_ours(name) { file } else { File::Foreign };
    let folder = files.map(|(name, file)| (name.to_owned(), known(name, file))).into();
    Tree { folders: [(name.to_owned(), folder)].into(), others: BTreeSet::new() }
}

/// A folder `docker.io` with these files.
fn tree<const N: usize>(files: [(&str, File); N]) -> Tree {
    folder("docker.io", files)
}

fn wanted<const N: usize>(files: [(&str, &str); N]) -> BTreeMap<String, Wanted> {
    let files = files.map(|(name, text)| (name.to_owned(), HiddenText::new(text))).into();
    [("docker.io".to_owned(), Wanted::Files(files))].into()
}

/// Steps as words.
fn words(plan: &Plan) -> Vec<String> {
    let word = |step: &Step| match step {
        Step::Create { folder, files } => format!("create {folder} {:?}", files.keys().collect::<Vec<_>>()),
        Step::Write { folder, file, .. } => format!("write {folder}/{file}"),
        Step::Remove { folder, file } => format!("remove {folder}/{file}"),
        Step::RemoveFolder { folder } => format!("remove folder {folder}"),
    };
    plan.steps.iter().map(word).collect()
}

#[rstest]
#[case::nothing(Tree::default(), &["create docker.io [\"hosts.toml\"]"])]
#[case::same(tree([("hosts.toml", text(&hosts("a")))]), &[])]
#[case::old(tree([("hosts.toml", text(&hosts("b")))]), &["write docker.io/hosts.toml"])]
#[case::open(
    tree([("hosts.toml", of(&hosts("a"), false))]),
    &["write docker.io/hosts.toml"]
)]
#[case::old_ca(
    tree([("hosts.toml", text(&hosts("b"))), (CA, text(&pem()))]),
    &["write docker.io/hosts.toml", "remove docker.io/ca-0a1b2c3d.pem"]
)]
#[case::interrupted(tree([(CA, text(&pem()))]), &["write docker.io/hosts.toml", "remove docker.io/ca-0a1b2c3d.pem"])]
#[case::beside_a_file_of_somebody(
    tree([("hosts.toml", text(&hosts("b"))), ("client.pem", text(&pem()))]),
    &["write docker.io/hosts.toml"]
)]
fn a_folder_of_ours_becomes_what_is_wanted(#[case] tree: Tree, #[case] steps: &[&str]) {
    let plan = plan(&tree, &wanted([("hosts.toml", &hosts("a"))]));
    assert_eq!(words(&plan), steps);
    assert_eq!(plan.in_the_way, BTreeSet::new());
}

#[test]
fn new_ca_files_precede_the_file_that_refers_to_them_and_old_ones_follow_it() {
    let tree = tree([("hosts.toml", text(&hosts("a"))), (CA, text(&pem()))]);
    let plan = plan(&tree, &wanted([("hosts.toml", &hosts("b")), (OTHER_CA, &pem())]));
    let new = format!("write docker.io/{OTHER_CA}");
    assert_eq!(
        words(&plan),
        [new.as_str(), "write docker.io/hosts.toml", "remove docker.io/ca-0a1b2c3d.pem"]
    );
}

#[rstest]
#[case::file_of_somebody(tree([("hosts.toml", text("server = 1"))]), "docker.io/hosts.toml")]
#[case::marker_inside(tree([("hosts.toml", text(&format!("\n{MARKER}")))]), "docker.io/hosts.toml")]
#[case::link(tree([("hosts.toml", File::Foreign)]), "docker.io/hosts.toml")]
#[case::no_hosts_file(tree([("client.cert", text("x"))]), "docker.io")]
#[case::empty(tree([]), "docker.io")]
#[case::no_folder(Tree { others: ["docker.io".to_owned()].into(), ..Tree::default() }, "docker.io")]
#[case::ca_of_somebody(
    tree([("hosts.toml", text(&hosts("a"))), (CA, text("x"))]),
    "docker.io/ca-0a1b2c3d.pem"
)]
#[case::folder_as_ca(
    tree([("hosts.toml", text(&hosts("a"))), (CA, File::Foreign)]),
    "docker.io/ca-0a1b2c3d.pem"
)]
fn what_is_not_ours_is_left_alone_and_reported(#[case] tree: Tree, #[case] path: &str) {
    let plan = plan(&tree, &wanted([("hosts.toml", &hosts("b")), (CA, &pem())]));
    assert_eq!((words(&plan), plan.in_the_way), (Vec::new(), [path.to_owned()].into()));
}

#[rstest]
#[case::ours(
    tree([("hosts.toml", text(&hosts("a"))), (CA, text(&pem()))]),
    &["remove folder docker.io"],
    &[]
)]
#[case::with_a_file_of_somebody(
    tree([("hosts.toml", text(&hosts("a"))), (CA, text(&pem())), ("client.pem", text("x"))]),
    &["remove docker.io/hosts.toml", "remove docker.io/ca-0a1b2c3d.pem"],
    &["docker.io/client.pem"]
)]
#[case::ca_of_somebody(
    tree([("hosts.toml", text("server = 1")), (CA, text("-----BEGIN CERTIFICATE-----\n"))]),
    &[],
    &["docker.io/ca-0a1b2c3d.pem", "docker.io/hosts.toml"]
)]
#[case::copy_by_somebody(tree([("hosts.toml.bak", text(&hosts("a")))]), &[], &["docker.io/hosts.toml.bak"])]
#[case::longer_marker(
    tree([("hosts.toml", text(&format!("{MARKER} once\n")))]),
    &[],
    &["docker.io/hosts.toml"]
)]
#[case::marker_alone(tree([("hosts.toml", text(MARKER))]), &["remove folder docker.io"], &[])]
#[case::lines_of_windows(
    tree([("hosts.toml", text(&format!("{MARKER}\r\nserver = 1")))]),
    &["remove folder docker.io"],
    &[]
)]
#[case::empty(tree([]), &[], &["docker.io"])]
fn everything_of_ours_is_removed_and_nothing_else(
    #[case] tree: Tree,
    #[case] steps: &[&str],
    #[case] foreign: &[&str],
) {
    let plan = plan(&tree, &BTreeMap::new());
    assert_eq!(words(&plan), steps);
    assert_eq!(Vec::from_iter(&plan.foreign), foreign);
}

#[test]
fn a_host_whose_mirrors_are_not_known_yet_stays_as_it_is() {
    let as_is = BTreeMap::from([("docker.io".to_owned(), Wanted::AsIs)]);
    assert_eq!(plan(&tree([("hosts.toml", text(&hosts("a")))]), &as_is), Plan::default());
    assert_eq!(plan(&Tree::default(), &as_is), Plan::default());
    let somebody = plan(&tree([("hosts.toml", text("x"))]), &as_is);
    assert_eq!(Vec::from_iter(&somebody.in_the_way), ["docker.io/hosts.toml"]);
}

/// containerd looks for `example.com_5000_` before `example.com:5000`.
#[rstest]
#[case::of_somebody(folder("example.com_5000_", [("hosts.toml", text("server = 1"))]), true)]
#[case::with_a_file_of_somebody(
    folder("example.com_5000_", [("hosts.toml", text(&hosts("a"))), ("client.pem", text("x"))]),
    true
)]
#[case::empty(folder("example.com_5000_", []), true)]
#[case::no_folder(Tree { others: ["example.com_5000_".to_owned()].into(), ..Tree::default() }, true)]
#[case::of_ours(folder("example.com_5000_", [("hosts.toml", text(&hosts("a")))]), false)]
#[case::of_another_port(folder("example.com_5001_", [("hosts.toml", text("server = 1"))]), false)]
fn a_folder_that_containerd_reads_in_place_of_ours_is_in_the_way(#[case] tree: Tree, #[case] is_so: bool) {
    let files = [("hosts.toml".to_owned(), HiddenText::new(hosts("b")))].into();
    let plan = plan(&tree, &[("example.com:5000".to_owned(), Wanted::Files(files))].into());
    let expected: &[&str] = if is_so { &["example.com_5000_"] } else { &[] };
    assert_eq!(Vec::from_iter(&plan.in_the_way), expected);
    assert_eq!(words(&plan).last().unwrap(), "create example.com:5000 [\"hosts.toml\"]");
}
