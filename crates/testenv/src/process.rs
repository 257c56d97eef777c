//! A process that ends together with the one that started it, in whatever way.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// The kernel gives higher ports to outgoing connections, which would take one before a server listens on it.
const PORTS: Range<u16> = 12_000..30_000;

/// Runs a command, passes on the signals that are named on the lines of its standard input, and kills the command when
/// that input ends, which is when the starting process ends. A shell does this, because a process that is killed cannot
/// run code.
const WATCHDOG: &str = r#"exec 3<&0
"$@" </dev/null 3<&- & child=$!
(while read -r signal; do kill -s "$signal" $child; done <&3; kill -s KILL $child) 2>/dev/null & watch=$!
wait $child; code=$?
kill $watch 2>/dev/null
exit $code"#;

/// How long anything may take to start or to stop.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A running command. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    watchdog: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command whose output goes to a file.
    ///
    /// # Errors
    /// If the file cannot be written or the shell cannot be started. A command that does not exist ends with 127.
    pub fn start(command: &Command, log: &Path) -> anyhow::Result<Self> {
        let output = File::create(log).with_context(|| log.display().to_string())?;
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCHDOG, "watchdog"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        // A separate process group, so that Ctrl-C reaches only the starting process, which ends the others in order.
        let shell = shell.process_group(0).stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        let watchdog = shell.spawn().context("sh")?;
        Ok(Self { watchdog, log: log.to_owned() })
    }

    /// Sends a signal, such as `TERM`.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn signal(&mut self, signal: &str) -> anyhow::Result<()> {
        let stdin = self.watchdog.stdin.as_mut().context("killed")?;
        writeln!(stdin, "{signal}").context("ended")
    }

    /// Waits until the process has ended. Returns its exit code: 128 plus the number of the signal that ended it.
    ///
    /// # Errors
    /// If it does not end.
    pub fn wait(&mut self) -> anyhow::Result<i32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.watchdog.try_wait()? {
                return status.code().context("the watchdog was killed");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        anyhow::bail!("does not end: {}", self.tail())
    }

    /// The exit code of a process that has ended, like [`Self::wait`]; `None` while it runs.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        let Some(status) = self.watchdog.try_wait()? else { return Ok(None) };
        Ok(Some(status.code().context("the watchdog was killed")?))
    }

    /// Waits until a condition holds for the running process.
    ///
    /// # Errors
    /// With the end of the log, if the process ends first or it takes too long.
    pub fn wait_until(&mut self, what: &str, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.watchdog.try_wait()? {
                anyhow::bail!("ended with {status} before it was {what}; {}", self.tail());
            }
            if holds() {
                return Ok(());
            }
            anyhow::ensure!(Instant::now() < deadline, "not {what} in {PATIENCE:?}; {}", self.tail());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything that the process has printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The file with the output.
    #[must_use]
    pub fn output_file(&self) -> PathBuf {
        self.log.clone()
    }

    fn tail(&self) -> String {
        let output = self.output();
        let lines: Vec<_> = output.lines().rev().take(15).collect();
        let lines: Vec<_> = lines.into_iter().rev().collect();
        format!("the end of {}:\n{}", self.log.display(), lines.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// A port that was free a moment ago, and that no other call has got.
///
/// # Errors
/// If there is none.
pub fn free_port() -> anyhow::Result<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let range = u32::from(PORTS.end - PORTS.start);
    // Test programs that run side by side begin at different ports.
    let first = std::process::id().wrapping_mul(997);
    for _ in 0..range {
        let number = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % range;
        let port = PORTS.start + u16::try_from(number)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free")
}
