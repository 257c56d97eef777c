//! Nodes with processes that are played by files.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;

/// A machine with the processes of a node whose root is mounted in a folder of it.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("proc/stat", "cpu 1\nbtime 1795651200\n", 0o644);
        fs::create_dir_all(machine.path("host")).unwrap();
        fs::create_dir_all(machine.path("container")).unwrap();
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str, mode: u32) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    /// A program that says its version.
    fn install(&self, path: &str, version: &str, mode: u32) {
        let answer = format!("containerd github.com/containerd/containerd/v2 {version} 0cc6bd0");
        self.write(path, &format!("#!/bin/sh\necho {answer}\n"), mode);
    }

    /// A process with a root and a program.
    fn start(&self, id: u32, root: &str, program: &str, ticks: u32) {
        self.write(&format!("proc/{id}/comm"), "containerd\n", 0o644);
        let stat = format!("{id} (containerd) S 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 9 0 {ticks} 10 11");
        self.write(&format!("proc/{id}/stat"), &stat, 0o644);
        symlink(self.path(root), self.path(&format!("proc/{id}/root"))).unwrap();
        symlink(self.path(program), self.path(&format!("proc/{id}/exe"))).unwrap();
    }

    /// A process of another name with a root.
    fn start_other(&self, id: u32, root: &str) {
        self.write(&format!("proc/{id}/comm"), "systemd\n", 0o644);
        symlink(self.path(root), self.path(&format!("proc/{id}/root"))).unwrap();
    }

    /// The version, and the seconds from the start of the machine to that of containerd.
    fn examined(&self) -> (Option<String>, Option<i64>) {
        let (node, processes) = (self.path("host"), self.path("proc"));
        let containerd = Containerd { node: &node, processes: &processes };
        let version = containerd.version().map(|version| version.to_string());
        (version, containerd.started().map(|started| started.as_second() - 1_795_651_200))
    }
}

#[test]
fn what_runs_on_the_node_is_found_by_its_root() {
    let machine = Machine::new();
    machine.install("host/opt/containerd", "2.4.2", 0o755);
    machine.install("host/usr/bin/containerd", "1.7.35", 0o755);
    machine.install("container/containerd", "2.0.0", 0o755);
    machine.start(7, "host", "host/opt/containerd", 4200);
    machine.start(9, "container", "container/containerd", 9900);
    assert_eq!(machine.examined(), (Some("2.4.2".to_owned()), Some(42)));
}

#[test]
fn what_is_installed_on_the_node_is_found_if_no_containerd_runs() {
    let machine = Machine::new();
    machine.start_other(1, "host");
    assert_eq!(machine.examined(), (None, None));
    machine.install("host/usr/bin/containerd", "1.7.35", 0o755);
    assert_eq!(machine.examined(), (Some("1.7.35".to_owned()), None));
}

#[test]
fn nothing_in_a_copy_of_the_files_of_a_node_is_run() {
    let machine = Machine::new();
    machine.start_other(1, "container");
    machine.install("host/usr/bin/containerd", "1.7.35", 0o755);
    assert_eq!(machine.examined(), (None, None));
}

#[test]
fn a_program_that_others_can_change_is_not_run() {
    let machine = Machine::new();
    machine.start_other(1, "host");
    machine.install("host/usr/bin/containerd", "1.7.35", 0o777);
    machine.install("host/tmp/containerd", "2.4.2", 0o777);
    machine.start(7, "host", "host/tmp/containerd", 100);
    assert_eq!(machine.examined(), (None, Some(1)));
}

#[test]
fn the_version_is_the_third_word() {
    let version = |text| version_of(text).map(|version| version.to_string());
    let new = "containerd github.com/containerd/containerd/v2 2.4.2+unknown \n";
    assert_eq!(version(new).as_deref(), Some("2.4.2"));
    let old = "containerd github.com/containerd/containerd v1.7.35 0cc6bd0\n";
    assert_eq!(version(old).as_deref(), Some("1.7.35"));
    assert_eq!(version("containerd"), None);
}

#[test]
fn the_start_of_a_process_is_read() {
    assert_eq!(boot_of("cpu  1 2\nbtime 1795651200\nprocesses 3\n"), Some(1_795_651_200));
    let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 4242 10 11 12";
    assert_eq!(ticks_of(stat), Some(4242));
}
