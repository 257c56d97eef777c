//! The CPU time and the most memory of Pods, read from their control groups while they run.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// CPU seconds and MiB.
type Figures = (f64, f64);

/// Reads control groups until the process ends.
pub struct Usage(Arc<Mutex<HashMap<String, Figures>>>);

impl Usage {
    pub fn start() -> Self {
        let new = Self(Arc::default());
        let seen = Arc::clone(&new.0);
        let cgroup = std::env::var("NODE_CGROUP").expect("below tests/node/run.sh");
        std::thread::spawn(move || {
            loop {
                for hierarchy in ["/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup"] {
                    look(&PathBuf::from(format!("{hierarchy}{cgroup}/kubepods")), &seen);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        new
    }

    /// The figures of a Pod that has ended, by its UID.
    pub fn of(&self, uid: &str) -> Figures {
        let seen = self.0.lock().unwrap();
        *seen.get(uid).unwrap_or_else(|| panic!("no control group of Pod {uid} was seen"))
    }
}

/// Keeps the highest figures of every Pod below a folder.
fn look(folder: &Path, seen: &Mutex<HashMap<String, Figures>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        let Some(uid) = name.strip_prefix("pod") else {
            // Classes of quality of service.
            if entry.path().is_dir() && !folder.ends_with(&name) {
                look(&entry.path(), seen);
            }
            continue;
        };
        let read = |file: &str| fs::read_to_string(entry.path().join(file)).ok();
        let number = |file: &str| read(file).and_then(|text| text.trim().parse::<f64>().ok());
        let stat = || read("cpu.stat").and_then(|text| text.split_whitespace().nth(1)?.parse::<f64>().ok());
        let cpu = number("cpuacct.usage").map(|ns| ns / 1e9).or_else(|| stat().map(|us| us / 1e6));
        let memory = number("memory.max_usage_in_bytes").or_else(|| number("memory.peak"));
        let mut seen = seen.lock().unwrap();
        let figures = seen.entry(uid.to_owned()).or_default();
        figures.0 = figures.0.max(cpu.unwrap_or_default());
        figures.1 = figures.1.max(memory.unwrap_or_default() / 1024.0 / 1024.0);
    }
}
