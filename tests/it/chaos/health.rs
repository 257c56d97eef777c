//! How the processes of the product fare: whether they answer probes as a kubelet sends them, and how much memory they have
//! had at most.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::journal::Journal;

/// Pause between two looks.
const PERIOD: Duration = Duration::from_millis(500);
/// Within what a probe is to be answered: the timeout of a kubelet, by default.
const TIMEOUT: Duration = Duration::from_secs(1);
/// So many probes in vain, one after the other, and a kubelet restarts it, by default. It asks less often: connections that
/// are held for seconds here are held for longer there.
const FAILURES: usize = 3;

/// Where a process listens.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// For admission, if it is a webhook.
    pub serves: Option<u16>,
    /// For probes.
    pub admin: u16,
}

/// The processes that run and are not being ended, by their names.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<BTreeMap<String, Ports>>>);

impl Running {
    pub fn add(&self, name: &str, ports: Ports) {
        self.0.lock().unwrap().insert(name.to_owned(), ports);
    }

    pub fn remove(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }

    pub fn ports(&self) -> Vec<Ports> {
        self.0.lock().unwrap().values().copied().collect()
    }

    /// Asks all of them, until it is told to stop.
    pub fn watch(&self, journal: &Journal, stop: &AtomicBool) {
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        while !stop.load(Ordering::SeqCst) {
            let asked = self.0.lock().unwrap().clone();
            // At once: one that does not answer holds up no other.
            let alive: Vec<bool> = std::thread::scope(|scope| {
                let asking = asked.values().map(|ports| scope.spawn(|| is_alive(ports.admin)));
                asking.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            for (name, is_alive) in asked.into_keys().zip(alive) {
                let in_vain = failures.entry(name.clone()).or_default();
                *in_vain = if is_alive { 0 } else { *in_vain + 1 };
                // One that has been ended meanwhile need not answer.
                if *in_vain == FAILURES && self.0.lock().unwrap().contains_key(&name) {
                    journal.blame(&format!("{name} does not answer probes"));
                }
            }
            std::thread::sleep(PERIOD);
        }
    }
}

fn is_alive(admin: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream =
            TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, admin)), TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// A program of the product.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Program {
    Webhook,
    Controller,
}

impl Program {
    pub const ALL: [Self; 2] = [Self::Webhook, Self::Controller];

    /// What its Pods may have of memory, by the manifests, in KiB.
    pub fn limit(self) -> u64 {
        let folder = match self {
            Self::Webhook => "webhook",
            Self::Controller => "controller",
        };
        let file = testenv::root().join("manifests").join(folder).join("deployment.yaml");
        let deployment: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let limit = container["resources"]["limits"]["memory"].as_str().unwrap();
        limit.strip_suffix("Mi").unwrap().parse::<u64>().unwrap() << 10
    }

    /// Of what a process runs: the kernel cuts the name.
    fn of(name: &str) -> Option<Self> {
        match name {
            "serverless-webh" => Some(Self::Webhook),
            "serverless-cont" => Some(Self::Controller),
            _ => None,
        }
    }
}

/// The most memory that any process of each program has had, in KiB.
#[derive(Default)]
pub struct Memory(Mutex<BTreeMap<Program, u64>>);

impl Memory {
    /// Looks at all processes that this one has started, until it is told to stop.
    pub fn watch(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            self.look();
            std::thread::sleep(PERIOD);
        }
    }

    pub fn peaks(&self) -> BTreeMap<Program, u64> {
        self.0.lock().unwrap().clone()
    }

    fn look(&self) {
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some((program, peak)) = peak(&entry.file_name().to_string_lossy()) else { continue };
            let mut peaks = self.0.lock().unwrap();
            let known = peaks.entry(program).or_default();
            *known = peak.max(*known);
        }
    }
}

/// The program of a process that this one has started through its watchdog, and its peak in KiB.
fn peak(id: &str) -> Option<(Program, u64)> {
    let status = |id: &str| fs::read_to_string(format!("/proc/{id}/status")).ok();
    let field = |status: &str, name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        Some(line?.trim().to_owned())
    };
    let own = status(id)?;
    let program = Program::of(&field(&own, "Name")?)?;
    let watchdog = status(&field(&own, "PPid")?)?;
    let is_ours = field(&watchdog, "PPid")? == std::process::id().to_string();
    let peak = field(&own, "VmHWM")?;
    is_ours.then(|| peak.split(' ').next()?.parse().ok()).flatten().map(|peak| (program, peak))
}
