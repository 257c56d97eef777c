//! The registry configuration of a node: how soon a change has an effect, what rewritten files do to pulls, what a dead
//! mirror costs, and what the agent itself costs. `NODE_AGENT` names the program of the agent.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::agent::Agent;
use crate::harness::certs_d::{files, log_of_containerd, process, pull, write};
use crate::harness::command::piped;
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::real_cluster::CLUSTER;
use crate::harness::registry::Auth;

const CHANGES: usize = 50;
const REWRITES: usize = 10_000;
const CLIENTS: usize = 4;
/// Pulls of each case of the dead mirror.
const PULLS: usize = 20;
/// How long the agent may take to take a dead mirror out.
const TAKEN_OUT: Duration = Duration::from_secs(5);
/// How long the agent is watched while it has nothing to do.
const IDLE: Duration = Duration::from_mins(1);

pub fn figures() {
    let (mirror, upstream) = (Mirror::with(Auth::Basic, "app:1"), Mirror::with(Auth::Basic, "app:1"));
    let node = Node {
        agent: Agent::start(&CLUSTER.namespace("figures"), &CLUSTER.node.registries()),
        mirror,
        upstream,
    };
    println!("| figure | value |\n|---|---|");
    node.changes();
    node.dead_mirror();
    Node::usage();
    node.agent.uninstall();
    rewrites();
}

/// A node whose agent runs, a registry and its mirror.
struct Node {
    agent: Agent,
    mirror: Mirror,
    upstream: Mirror,
}

impl Node {
    fn image(&self) -> String {
        format!("{}/app:1", self.upstream.registry.address())
    }

    fn set(&self, password: &str) {
        let endpoints = [self.mirror.endpoint(Some(password)), self.upstream.endpoint(Some(PASSWORD))];
        self.agent.set(&json!({(self.upstream.registry.address()): endpoints}));
    }

    /// From the write of the Secret until a pull through the mirror with the new password has ended.
    fn changes(&self) {
        let (host, mirror) = (self.upstream.registry.address(), self.mirror.registry.address());
        self.set(PASSWORD);
        self.agent.await_file(&host, |file| file.contains(&mirror));
        let containerd = process("containerd");
        let mut seconds = Vec::new();
        for number in 0..CHANGES {
            let password = format!("password {number}");
            self.mirror.registry.set_password(&password);
            self.mirror.forget();
            let start = Instant::now();
            self.set(&password);
            while !self.mirror.answers().contains(&"HEAD 200".to_owned()) {
                pull(&self.image()).unwrap();
            }
            seconds.push(start.elapsed().as_secs_f64());
        }
        row("changed password to the end of a pull with it", &seconds);
        println!("| restarts of containerd | {} |", usize::from(process("containerd") != containerd));
        self.mirror.registry.set_password(PASSWORD);
        self.set(PASSWORD);
    }

    /// Pulls while the mirror is well, right after it is cut off, and when the agent has had time.
    fn dead_mirror(&self) {
        let address = self.mirror.registry.address();
        let host = self.upstream.registry.address();
        let timed = || {
            let start = Instant::now();
            pull(&self.image()).unwrap();
            start.elapsed().as_secs_f64()
        };
        let port = address.rsplit_once(':').unwrap().1;
        for (what, cut, mend) in [
            ("killed", None, None),
            (
                "behind a firewall that drops",
                Some(format!(
                    "add table inet cut; add chain inet cut in {{ type filter hook input priority 0; }}; add rule inet cut in tcp dport {port} drop"
                )),
                Some("delete table inet cut".to_owned()),
            ),
        ] {
            self.agent.await_file(&host, |file| file.contains(&address));
            row("pull, the mirror answers", &(0..PULLS).map(|_| timed()).collect::<Vec<_>>());
            match &cut {
                None => self.mirror.registry.stop(),
                Some(rules) => nft(rules),
            }
            let start = Instant::now();
            let mut first = Vec::new();
            while start.elapsed() < TAKEN_OUT {
                first.push(timed());
            }
            row(&format!("pull in the first 5 s, the mirror is {what}"), &first);
            row(
                &format!("pull after 5 s, the mirror is {what}"),
                &(0..PULLS).map(|_| timed()).collect::<Vec<_>>(),
            );
            match &mend {
                None => self.mirror.registry.resume(),
                Some(rules) => nft(rules),
            }
        }
    }

    /// What the agent needs after all that, while nothing changes.
    fn usage() {
        let agent = process("serverless-node");
        let before = cpu_ticks(&agent);
        thread::sleep(IDLE);
        let ticks = cpu_ticks(&agent) - before;
        println!("| agent: CPU while idle, % of a core | {:.2} |", ticks * 10.0 / IDLE.as_secs_f64() / 10.0);
        let status = fs::read_to_string(agent.join("status")).unwrap();
        for (what, field) in [("memory", "VmRSS:"), ("most memory", "VmHWM:")] {
            let line = status.lines().find(|line| line.starts_with(field)).unwrap();
            let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
            println!("| agent: {what}, MiB | {:.1} |", kib / 1024.0);
        }
    }
}

/// Rewrites the file of a host whose registry leads nowhere while clients pull: what passes by the mirror fails.
fn rewrites() {
    let mirror = Mirror::start(Auth::Basic);
    let images: Vec<_> = (0..CLIENTS).map(|number| format!("app:{number}")).collect();
    for image in &images {
        mirror.push(image);
    }
    let with = |timeout: &str| {
        let mut endpoint: Value = mirror.endpoint(Some(PASSWORD));
        endpoint["dialTimeout"] = json!(timeout);
        files("rewrites.test", &json!([endpoint]))
    };
    let variants = ["1s", "2s", "3s"].map(with);
    write(&variants[0]);
    let (done, pulls, bypassed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for image in &images {
            let (done, pulls, bypassed) = (&done, &pulls, &bypassed);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let counter =
                        if pull(&format!("rewrites.test/{image}")).is_ok() { pulls } else { bypassed };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 0..REWRITES {
            write(&variants[number % variants.len()]);
            // The clients, too, need the processors.
            thread::sleep(Duration::from_millis(5));
        }
        done.store(true, Ordering::Relaxed);
    });
    println!("| rewrites of a file that {CLIENTS} clients pull with | {REWRITES} |");
    println!("| pulls meanwhile | {} |", pulls.into_inner());
    println!("| pulls that passed by the mirror | {} |", bypassed.into_inner());
    println!("| parse errors of containerd | {} |", log_of_containerd().matches("failed to decode").count());
}

fn row(what: &str, seconds: &[f64]) {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
    println!(
        "| {what}, s ({} times) | p50 {:.2}, p99 {:.2}, most {:.2} |",
        sorted.len(),
        at(50),
        at(99),
        sorted[sorted.len() - 1]
    );
}

/// Changes the rules of the node's firewall.
fn nft(rules: &str) {
    let usr = testenv::built("node").unwrap().join("nft/usr");
    let libraries = fs::read_dir(usr.join("lib")).unwrap().next().unwrap().unwrap().path();
    let mut nft = Command::new(usr.join("sbin/nft"));
    nft.arg(rules).env("LD_LIBRARY_PATH", libraries);
    piped(nft, "").unwrap();
}

/// User and system time of a process, in hundredths of a second.
fn cpu_ticks(process: &Path) -> f64 {
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
}
