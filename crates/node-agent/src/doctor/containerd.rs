//! The containerd of this node: its version, and when it started.

use std::fs;
use std::process::{Command, Stdio};

use decide::nodes::version::Version;
use jiff::Timestamp;

/// The name of the program.
const NAME: &str = "containerd";
/// The ticks of a second in `/proc`, on every architecture of Linux.
const TICKS: i64 = 100;

/// The version that is installed.
pub(super) fn installed() -> Option<Version> {
    let output =
        Command::new(NAME).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    version_of(&String::from_utf8_lossy(&output.stdout))
}

/// The version in `containerd github.com/containerd/containerd/v2 2.4.2 <commit>`.
fn version_of(text: &str) -> Option<Version> {
    text.split_whitespace().nth(2)?.parse().ok()
}

/// When it started; the last one if there are several.
pub(super) fn started() -> Option<Timestamp> {
    let boot = boot_of(&fs::read_to_string("/proc/stat").ok()?)?;
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
    let named = processes
        .filter(|path| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim_end() == NAME));
    let ticks = named.filter_map(|path| ticks_of(&fs::read_to_string(path.join("stat")).ok()?)).max()?;
    Timestamp::from_second(boot.checked_add(ticks / TICKS)?).ok()
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
mod tests {
    use super::*;

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
}
