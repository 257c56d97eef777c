//! A cache as the controller makes it, whose containers run as it has written them, and its upstream.

#[path = "../../tests/it/chaos/caches/cluster.rs"]
pub mod cluster;
#[path = "../../tests/it/chaos/caches/controller.rs"]
mod controller;
#[path = "../../tests/it/chaos/caches/node.rs"]
mod node;
#[path = "../../tests/it/chaos/caches/pod.rs"]
mod pod;
#[path = "../../tests/it/chaos/caches/upstream.rs"]
mod upstream;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use testenv::free_port;

use crate::harness::client::Login;
use crate::harness::registry::{Auth, Registry, USER};
use crate::upstream::push_image;
use cluster::Cluster;
use controller::Controller;
use node::{Failure, Node};
use pod::Pod;

/// How long the cluster may take for something.
const RECOVERY: Duration = Duration::from_mins(2);
/// Pulls per second, and how many clients share them.
const RATE: u32 = 50;
const CLIENTS: u32 = 5;

/// All of it. Only who has a pull secret of the upstream may pull.
pub struct Caches {
    pub cluster: Cluster,
    pub upstream: Registry,
    generation: Value,
    pod: Pod,
    _controller: Controller,
}

/// Pulls at a steady rate.
#[derive(Default)]
pub struct Pulls {
    pub number: AtomicUsize,
    pub failures: Mutex<Vec<String>>,
}

/// The account of clients, which pushes images, too.
const CLIENT: Login<'_> = (USER, "password");
/// A user and a password.
type Account = (String, String);

impl Caches {
    /// With the account of the cache.
    pub fn start(account: &Account) -> Self {
        let mut cluster = Cluster::start();
        let (control_plane, port) = (&cluster.control_plane, free_port().unwrap());
        let (upstream, authority) =
            Registry::start_with_tls(control_plane, "localhost", port, Auth::Basic, CLIENT.1);
        let (user, password) = account.clone();
        cluster.add_secret(user, password);
        cluster.create_cache(port, &authority);
        set_accounts(&upstream, &[account]);
        let controller = Controller::start(&cluster, 0);
        cluster.wait("the cache is ready", || cluster.condition("Ready").starts_with("True"));
        let (generation, pod) = (cluster.generation_of_pods(), Pod::start(&cluster));
        Self { cluster, upstream, generation, pod, _controller: controller }
    }

    /// Sets the accounts of the upstream, besides that of clients.
    pub fn set_accounts(&self, accounts: &[&Account]) {
        set_accounts(&self.upstream, accounts);
    }

    /// Refers to a new Secret with an account.
    pub fn set_credentials(&mut self, (user, password): &Account) {
        self.cluster.add_secret(user.clone(), password.clone());
        self.cluster.refer();
    }

    /// Pushes an image to the upstream. Returns its digest.
    pub fn push(&self, image: &str) -> String {
        push_image(&self.upstream, CLIENT.1, image)
    }

    /// Pulls from the cache as a node does.
    pub fn pull(&self, image: &str, digest: &str) -> Result<(), Failure> {
        Node::new(self.pod.address, &self.pod.authority).pull(Some(CLIENT), image, digest)
    }

    /// Whether the Pods were replaced.
    pub fn is_replaced(&self) -> bool {
        self.cluster.generation_of_pods() != self.generation
    }
}

impl Pulls {
    /// Pulls an image again and again while something is done.
    pub fn during(caches: &mut Caches, action: impl FnOnce(&mut Caches)) -> Self {
        let (image, ends, pulls) = ("app:0", AtomicBool::new(false), Self::default());
        let digest = caches.push(image);
        let (address, authority) = (caches.pod.address, caches.pod.authority.clone());
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let node = Node::new(address, &authority);
                    let mut next = Instant::now();
                    while !ends.load(Ordering::SeqCst) {
                        pulls.number.fetch_add(1, Ordering::SeqCst);
                        if let Err(failure) = node.pull(Some(CLIENT), image, &digest) {
                            pulls.failures.lock().unwrap().push(failure.to_string());
                        }
                        next += Duration::from_secs(1) * CLIENTS / RATE;
                        std::thread::sleep(next.saturating_duration_since(Instant::now()));
                    }
                });
            }
            action(caches);
            ends.store(true, Ordering::SeqCst);
        });
        pulls
    }

    /// How many, how many of them failed, and why the first one did.
    pub fn print(&self) {
        let failures = self.failures.lock().unwrap();
        println!("| pulls | {} |", self.number.load(Ordering::SeqCst));
        println!("| pulls that failed | {} |", failures.len());
        if let Some(first) = failures.first() {
            println!("| the first failure | {first} |");
        }
    }
}

fn set_accounts(upstream: &Registry, accounts: &[&Account]) {
    let accounts = accounts.iter().map(|(user, password)| (user.as_str(), password.as_str()));
    upstream.set_accounts(&accounts.chain([CLIENT]).collect::<Vec<_>>());
}
