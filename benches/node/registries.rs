//! The registry configuration of a node: how soon a change has an effect, what rewritten files do to pulls, what a dead
//! mirror costs, and what the agent itself costs. `NODE_AGENT` names the program of the agent. A failed pull ends it, and so
//! does a figure that breaks a promise, after all figures are printed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use decide::nodes::render::hosts::{Options, render};
use decide::nodes::tree::Wanted;
use node_agent::node::{Node as Files, Places};
use serde_json::{Value, json};

use crate::harness::agent::Agent;
use crate::harness::certs_d::{log_of_containerd, process, pull, read};
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

/// How soon a changed password is used, in 99 of 100 changes, in seconds.
const MOST_OF_A_CHANGE: f64 = 2.0;
/// What a dead mirror may cost a pull when the agent has had time, in seconds.
const MOST_OF_A_DEAD_MIRROR: f64 = 1.0;
/// The memory of an agent, in MiB.
const MOST_MEMORY: f64 = 8.0;
/// The CPU of an agent that has nothing to do, in percent of a core.
const MOST_CPU: f64 = 1.0;

pub fn figures() {
    let (mirror, upstream) = (Mirror::with(Auth::Basic, "app:1"), Mirror::with(Auth::Basic, "app:1"));
    let node = Node {
        agent: Agent::start(&CLUSTER.namespace("figures"), &CLUSTER.node.registries()),
        mirror,
        upstream,
    };
    let mut promises = Promises::default();
    println!("| figure | value |\n|---|---|");
    node.changes(&mut promises);
    node.dead_mirror(&mut promises);
    Node::usage(&mut promises);
    node.agent.uninstall();
    rewrites();
    assert_eq!(promises.broken, [""; 0]);
}

/// What was promised, and is not so.
#[derive(Default)]
struct Promises {
    broken: Vec<String>,
}

impl Promises {
    fn at_most(&mut self, what: &str, value: f64, most: f64) {
        if value > most {
            self.broken.push(format!("{what}: {value:.2}, more than {most}"));
        }
    }
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
    fn changes(&self, promises: &mut Promises) {
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
        let what = "changed password to the end of a pull with it";
        promises.at_most(what, row(what, &seconds), MOST_OF_A_CHANGE);
        assert_eq!(process("containerd"), containerd, "containerd has restarted");
        println!("| restarts of containerd | 0 |");
        self.mirror.registry.set_password(PASSWORD);
        self.set(PASSWORD);
    }

    /// Pulls while the mirror is well, right after it is cut off, and when the agent has had time.
    fn dead_mirror(&self, promises: &mut Promises) {
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
            let well = row("pull, the mirror answers", &(0..PULLS).map(|_| timed()).collect::<Vec<_>>());
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
            let what = format!("pull after 5 s, the mirror is {what}");
            let after = row(&what, &(0..PULLS).map(|_| timed()).collect::<Vec<_>>());
            promises.at_most(&what, after - well, MOST_OF_A_DEAD_MIRROR);
            match &mend {
                None => self.mirror.registry.resume(),
                Some(rules) => nft(rules),
            }
        }
    }

    /// What the agent needs after all that, while nothing changes.
    fn usage(promises: &mut Promises) {
        let agent = process("serverless-node");
        let before = cpu_ticks(&agent);
        thread::sleep(IDLE);
        let ticks = cpu_ticks(&agent) - before;
        // A tick is a hundredth of a second.
        let cpu = ticks / IDLE.as_secs_f64();
        println!("| agent: CPU while idle, % of a core | {cpu:.2} |");
        promises.at_most("agent: CPU while idle", cpu, MOST_CPU);
        let status = fs::read_to_string(agent.join("status")).unwrap();
        for (what, field) in [("memory", "VmRSS:"), ("most memory", "VmHWM:")] {
            let line = status.lines().find(|line| line.starts_with(field)).unwrap();
            let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
            println!("| agent: {what}, MiB | {:.1} |", kib / 1024.0);
            promises.at_most(&format!("agent: {what}"), kib / 1024.0, MOST_MEMORY);
        }
    }
}

/// Rewrites the file of a host, as the agent does, while clients pull. Its registry leads nowhere: a pull that passes by the
/// mirror fails.
fn rewrites() {
    let mirror = Mirror::start(Auth::Basic);
    let images: Vec<_> = (0..CLIENTS).map(|number| format!("app:{number}")).collect();
    for image in &images {
        mirror.push(image);
    }
    let variants = ["1s", "2s", "3s"].map(|timeout| {
        let mut endpoint: Value = mirror.endpoint(Some(PASSWORD));
        endpoint["dialTimeout"] = json!(timeout);
        wanted("rewrites.test", &json!([endpoint]))
    });
    let hosts = CLUSTER.node.registries();
    let places = Places { logins: hosts.join("registry-credentials.json"), hosts, owner: String::new() };
    let files = Files::claim(&places).unwrap();
    let write = |number: usize| {
        let report = files.apply(&variants[number % variants.len()], None);
        // The first one writes the logins, too.
        assert!(report.written > 0 && report.errors.is_empty(), "{report:?}");
    };
    write(0);
    let parse_errors = || log_of_containerd().matches("failed to decode").count();
    let (before, done, pulls) = (parse_errors(), AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for image in &images {
            let (done, pulls) = (&done, &pulls);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    pull(&format!("rewrites.test/{image}")).unwrap();
                    pulls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 1..=REWRITES {
            write(number);
            // The clients, too, need the processors.
            thread::sleep(Duration::from_millis(5));
        }
        done.store(true, Ordering::Relaxed);
    });
    let report = Files::clean(&places);
    assert!(report.errors.is_empty(), "{report:?}");
    assert_eq!(parse_errors(), before, "containerd could not read a file");
    println!("| rewrites of a file that {CLIENTS} clients pull with | {REWRITES} |");
    println!("| pulls meanwhile | {} |", pulls.into_inner());
    println!("| pulls that passed by the mirror | 0 |");
    println!("| parse errors of containerd | 0 |");
}

/// What the agent wants for a host.
fn wanted(host: &str, registry: &Value) -> BTreeMap<String, Wanted> {
    let owned = Options { owned: true, ..Options::default() };
    let files = render(&read(host, registry), owned).files.0.into_iter();
    let named = files.map(|(path, text)| (path.split_once('/').unwrap().1.to_owned(), text));
    [(host.to_owned(), Wanted::Files(named.collect()))].into()
}

/// Prints what some pulls took. Returns what 99 of 100 took at most.
fn row(what: &str, seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (p50, p99, most) = (nearest_rank(&sorted, 50), nearest_rank(&sorted, 99), nearest_rank(&sorted, 100));
    println!("| {what}, s ({} times) | p50 {p50:.2}, p99 {p99:.2}, most {most:.2} |", sorted.len());
    p99
}

/// The smallest value that at least so many percent do not exceed.
fn nearest_rank(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
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
