//! The containerd of a node: its version, and when it started. The node is this machine, or one whose root is mounted in the
//! container of the doctor, which then sees the processes of the node.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use decide::nodes::version::Version;
use jiff::Timestamp;

/// The name of the program.
const NAME: &str = "containerd";
/// Where it is installed.
const FOLDERS: [&str; 3] = ["usr/local/bin", "usr/bin", "bin"];
/// The processes of this machine.
const PROCESSES: &str = "/proc";
/// The ticks of a second in `/proc`, on every architecture of Linux.
const TICKS: i64 = 100;
/// The permission bits of those who do not own a file.
const WRITE_BY_OTHERS: u32 = 0o022;

/// The containerd of a node.
pub(super) struct Containerd<'a> {
    /// The folder that is `/` of the node.
    node: &'a Path,
    /// Where processes are.
    processes: &'a Path,
}

impl<'a> Containerd<'a> {
    /// That of a node, by the folder that is its `/`.
    pub(super) fn of(node: &'a Path) -> Self {
        Self { node, processes: Path::new(PROCESSES) }
    }

    /// The version that runs, or else the one that is installed.
    pub(super) fn version(&self) -> Option<Version> {
        let running = self.running().map(|process| process.join("exe"));
        let installed = FOLDERS.iter().map(|folder| self.node.join(folder).join(NAME));
        let installed = installed.filter(|_| self.is_node());
        let found = running.chain(installed).filter(|program| self.is_trusted(program));
        let by_name = self.is_this_machine().then(|| PathBuf::from(NAME));
        found.chain(by_name).find_map(|program| version_of(&answer(&program)?))
    }

    /// When it started; the last one if there are several.
    pub(super) fn started(&self) -> Option<Timestamp> {
        let boot = boot_of(&fs::read_to_string(self.processes.join("stat")).ok()?)?;
        let ticks = self
            .running()
            .filter_map(|process| ticks_of(&fs::read_to_string(process.join("stat")).ok()?))
            .max()?;
        Timestamp::from_second(boot.checked_add(ticks / TICKS)?).ok()
    }

    fn is_this_machine(&self) -> bool {
        self.node == Path::new("/")
    }

    /// Whether something runs with this root: a copy of the files of a node may hold any program, and nobody runs it.
    fn is_node(&self) -> bool {
        self.is_this_machine() || self.processes().any(|process| self.is_root_of(&process))
    }

    /// The processes of the name whose root is that of the node: one in a container is another containerd.
    fn running(&self) -> impl Iterator<Item = PathBuf> {
        self.processes().filter(|process| {
            fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim_end() == NAME)
                && self.is_root_of(process)
        })
    }

    fn processes(&self) -> impl Iterator<Item = PathBuf> {
        fs::read_dir(self.processes).into_iter().flatten().flatten().map(|entry| entry.path())
    }

    fn is_root_of(&self, process: &Path) -> bool {
        let [node, root] = [self.node, &process.join("root")].map(fs::metadata);
        match (node, root) {
            (Ok(node), Ok(root)) => (node.dev(), node.ino()) == (root.dev(), root.ino()),
            // Only root sees the roots of others.
            _ => self.is_this_machine(),
        }
    }

    /// Whether a program may be run: a process can give itself any name.
    fn is_trusted(&self, program: &Path) -> bool {
        let own = fs::metadata(self.processes.join("self")).map(|process| process.uid());
        fs::metadata(program).is_ok_and(|file| {
            let is_of_root = file.uid() == 0 || own.is_ok_and(|own| own == file.uid());
            is_of_root && file.mode() & WRITE_BY_OTHERS == 0
        })
    }
}

/// What a program says of its version.
fn answer(program: &Path) -> Option<String> {
    let output =
        Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The version in `containerd github.com/containerd/containerd/v2 2.4.2 <commit>`.
fn version_of(text: &str) -> Option<Version> {
    text.split_whitespace().nth(2)?.parse().ok()
}

/// The second since 1970 in which the machine started.
fn boot_of(stat: &str) -> Option<i64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// The ticks from the start of the machine to that of a process. Its name can hold blanks and parentheses.
fn ticks_of(stat: &str) -> Option<i64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests;
