//! The process is killed after each operation of each change, and starts again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use decide::nodes::files::MARKER;
use decide::nodes::tree::{self, Tree, Wanted};
use tempfile::TempDir;

use super::*;
use crate::files::Real;
use crate::read;

type Hosts = BTreeMap<String, Wanted>;

/// A file system that ends the process after a number of operations. The last one is done by half.
struct Killed {
    left: Cell<usize>,
}

impl Killed {
    fn operate(&self, path: &Path, half: impl FnOnce()) -> &Real {
        if self.left.get() == 0 {
            half();
            resume_unwind(Box::new(format!("killed at {}", path.display())));
        }
        self.left.set(self.left.get() - 1);
        &Real
    }
}

impl FileSystem for Killed {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.operate(path, || {}).create_folder(path)
    }

    fn write(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        self.operate(path, || Real.write(path, &text[..text.len() / 2]).unwrap()).write(path, text)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.operate(path, || {}).sync(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operate(from, || {}).rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.operate(path, || {}).remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.operate(path, || {}).remove_folder(path)
    }
}

/// A folder with files of somebody else.
fn root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("quay.io")).unwrap();
    fs::write(root.path().join("quay.io/hosts.toml"), "server = \"https://quay.io\"\n").unwrap();
    fs::write(root.path().join("README"), "by hand\n").unwrap();
    root
}

/// A host whose mirror has a certificate of this authority; `*` is one without.
fn host(name: &str, authority: &str) -> (String, Wanted) {
    let ca = format!("ca-{authority}.pem");
    let hosts = |rest: &str| HiddenText::new(format!("{MARKER}\nserver = \"https://{name}\"\n{rest}"));
    let files = if authority == "*" {
        BTreeMap::from([("hosts.toml".to_owned(), hosts("#end"))])
    } else {
        let text = HiddenText::new(format!("{MARKER}\nof {authority}\n#end"));
        BTreeMap::from([("hosts.toml".to_owned(), hosts(&format!("ca = \"{ca}\"\n#end"))), (ca, text)])
    };
    (name.to_owned(), Wanted::Files(files))
}

/// What is asked for, one after the other: hosts come, change and go, and so do authorities.
fn changes() -> Vec<Hosts> {
    [
        vec![],
        vec![host("docker.io", "*")],
        vec![host("docker.io", "a"), host("ghcr.io:5000", "a")],
        vec![host("docker.io", "b"), host("_default", "*")],
        vec![host("docker.io", "*"), host("ghcr.io:5000", "b")],
        vec![],
    ]
    .map(Hosts::from_iter)
    .into()
}

/// Brings a folder to what is wanted, with a file system of the test.
fn bring(root: &Path, wanted: &Hosts, files: impl FileSystem) {
    let (area, _guard) = Area::join(root).unwrap();
    let plan = tree::plan(&read::tree(root).unwrap(), wanted);
    assert_eq!(plan.in_the_way.len(), 0);
    let done = Writer::new(root, &area, files).apply(&plan);
    assert!(done.errors.is_empty(), "{:?}", done.errors);
}

/// A folder with nothing but what is wanted, beside the files of somebody else.
fn tree_of(wanted: &Hosts) -> Tree {
    let root = root();
    bring(root.path(), wanted, Real);
    read::tree(root.path()).unwrap()
}

/// What containerd reads is complete, wherever the process was killed.
fn check(root: &Path, before: &Tree, after: &Tree) {
    let found = read::tree(root).unwrap();
    for (name, folder) in &found.folders {
        let text = fs::read_to_string(root.join(name).join("hosts.toml"));
        let text = text.unwrap_or_else(|_| panic!("{name} would hide _default: {folder:?}"));
        for (file, content) in folder {
            let known = [before, after].map(|tree| tree.folders.get(name).and_then(|known| known.get(file)));
            assert!(known.contains(&Some(content)), "{name}/{file} is {content:?}");
        }
        if let Some(start) = text.find("ca-") {
            let ca = &text[start..][.."ca-x.pem".len()];
            assert!(folder.contains_key(ca), "{name} needs {ca}");
        }
    }
    assert_eq!(found.others, before.others);
}

#[test]
fn whenever_the_process_is_killed_files_are_complete_and_the_next_start_ends_what_was_begun() {
    let changes = changes();
    let mut kills = 0;
    for pair in changes.windows(2) {
        let [before, after] = pair else { continue };
        let trees = (tree_of(before), tree_of(after));
        for operations in 0.. {
            let root = root();
            bring(root.path(), before, Real);
            let files = Killed { left: Cell::new(operations) };
            let ended = catch_unwind(AssertUnwindSafe(|| bring(root.path(), after, files)));
            check(root.path(), &trees.0, &trees.1);
            bring(root.path(), after, Real);
            assert_eq!(read::tree(root.path()).unwrap(), trees.1);
            let rest = fs::read_dir(root.path().join(crate::files::AREA)).unwrap();
            let names: Vec<_> = rest.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(names, ["lock"]);
            if ended.is_ok() {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 60, "only {kills}");
}

/// A file system in which somebody adds a file before each move, and which ends the process after a number of operations.
struct Shared {
    killed: Killed,
}

impl FileSystem for Shared {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.killed.create_folder(path)
    }

    fn write(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        self.killed.write(path, text)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.killed.sync(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::write(from.join("client.pem"), "theirs")?;
        self.killed.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.killed.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.killed.remove_folder(path)
    }
}

#[test]
fn a_folder_that_gets_a_file_while_it_is_removed_keeps_that_file_wherever_the_process_is_killed() {
    let mut kills = 0;
    for operations in 0.. {
        let root = root();
        bring(root.path(), &Hosts::from([host("docker.io", "a")]), Real);
        let files = Shared { killed: Killed { left: Cell::new(operations) } };
        let ended = catch_unwind(AssertUnwindSafe(|| bring(root.path(), &Hosts::new(), files)));
        bring(root.path(), &Hosts::new(), Real);
        let folder = root.path().join("docker.io");
        let left = read::tree(root.path()).unwrap().folders.remove("docker.io").unwrap_or_default();
        // Before the move, nobody has added anything yet.
        let expected: &[&str] = if operations == 0 { &[] } else { &["client.pem"] };
        assert_eq!(left.keys().collect::<Vec<_>>(), expected, "killed after {operations}");
        let text = fs::read_to_string(folder.join("client.pem")).unwrap_or_default();
        assert_eq!(text, if operations == 0 { "" } else { "theirs" });
        if ended.is_ok() {
            break;
        }
        kills += 1;
    }
    assert!(kills > 5, "only {kills}");
}
