//! The health of the product's processes: whether they answer the probes of a kubelet, and the most memory that they
//! have used.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::journal::Journal;

/// The pause between two checks.
const PERIOD: Duration = Duration::from_millis(500);
/// How long a probe may take: the default timeout of a kubelet.
const TIMEOUT: Duration = Duration::from_secs(1);
/// After this number of failed probes in a row, a kubelet restarts a container by default. It probes less often:
/// connections that are held for seconds here are held for longer there.
const FAILURES: usize = 3;

/// The ports of a process.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The admission port, if it is a webhook.
    pub serves: Option<u16>,
    /// The probe port.
    pub admin: u16,
}

/// The processes that run and are not about to end, by their names.
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

    /// Probes all of them, until `stop` is set.
    pub fn watch(&self, journal: &Journal, stop: &AtomicBool) {
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        while !stop.load(Ordering::SeqCst) {
            let asked = self.0.lock().unwrap().clone();
            // In parallel, so that one that does not answer does not hold up the others.
            let alive: Vec<bool> = std::thread::scope(|scope| {
                let asking = asked.values().map(|ports| scope.spawn(|| is_alive(ports.admin)));
                asking.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            for (name, is_alive) in asked.into_keys().zip(alive) {
                let in_vain = failures.entry(name.clone()).or_default();
                *in_vain = if is_alive { 0 } else { *in_vain + 1 };
                // A process that has been ended meanwhile need not answer.
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

    /// The memory limit of its Pods in the manifests, in KiB.
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

    /// The program of a process, by its name, which the kernel cuts.
    fn of(name: &str) -> Option<Self> {
        match name {
            "serverless-webh" => Some(Self::Webhook),
            "serverless-cont" => Some(Self::Controller),
            _ => None,
        }
    }
}

/// The most memory that a process of each program has used, in KiB.
#[derive(Default)]
pub struct Memory(Mutex<BTreeMap<Program, u64>>);

impl Memory {
    /// Inspects all processes that this one has started, until `stop` is set.
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
