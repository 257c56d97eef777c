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

fn text(text: &str) -> File {
    File::Text { text: HiddenText::new(text), is_private: true }
}

/// A folder `docker.io` with these files.
fn tree<const N: usize>(files: [(&str, File); N]) -> Tree {
    let folder = files.map(|(name, file)| (name.to_owned(), file)).into();
    Tree { folders: [("docker.io".to_owned(), folder)].into(), others: BTreeSet::new() }
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
        Step::RemoveFolder { folder, files } => format!("remove folder {folder} {files:?}"),
    };
    plan.steps.iter().map(word).collect()
}

#[rstest]
#[case::nothing(Tree::default(), &["create docker.io [\"hosts.toml\"]"])]
#[case::same(tree([("hosts.toml", text(&hosts("a")))]), &[])]
#[case::old(tree([("hosts.toml", text(&hosts("b")))]), &["write docker.io/hosts.toml"])]
#[case::open(
    tree([("hosts.toml", File::Text { text: HiddenText::new(hosts("a")), is_private: false })]),
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
#[case::link(tree([("hosts.toml", File::Other)]), "docker.io/hosts.toml")]
#[case::no_hosts_file(tree([("client.cert", text("x"))]), "docker.io")]
#[case::empty(tree([]), "docker.io")]
#[case::no_folder(Tree { others: ["docker.io".to_owned()].into(), ..Tree::default() }, "docker.io")]
#[case::ca_of_somebody(
    tree([("hosts.toml", text(&hosts("a"))), (CA, text("x"))]),
    "docker.io/ca-0a1b2c3d.pem"
)]
#[case::folder_as_ca(
    tree([("hosts.toml", text(&hosts("a"))), (CA, File::Other)]),
    "docker.io/ca-0a1b2c3d.pem"
)]
fn what_is_not_ours_is_left_alone_and_reported(#[case] tree: Tree, #[case] path: &str) {
    let plan = plan(&tree, &wanted([("hosts.toml", &hosts("b")), (CA, &pem())]));
    assert_eq!((words(&plan), plan.in_the_way), (Vec::new(), [path.to_owned()].into()));
}

#[rstest]
#[case::ours(
    tree([("hosts.toml", text(&hosts("a"))), (CA, text(&pem()))]),
    &["remove folder docker.io [\"ca-0a1b2c3d.pem\", \"hosts.toml\"]"],
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
