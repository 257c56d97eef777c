//! Rotations of accounts and of keys that sign, under pulls and pushes: what fails meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::gateway::{Gateway, create, token_request};
use crate::harness::cluster::{BARE, NOTHING, kubectl};
use crate::http::{Blob, Connection};
use crate::rates::Server;

const ACCOUNTS: usize = 20;
const KEYS: usize = 50;
const PULLS_PER_SECOND: u64 = 50;
const REPOSITORY: &str = "bench/rotations";

/// What clients do, as long as it is not dropped.
struct Clients {
    /// What a Secret holds: a user and its password. They read it for each request.
    secret: Arc<ArcSwap<(String, String)>>,
    pulls: Arc<AtomicUsize>,
    pushes: Arc<AtomicUsize>,
    failures: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

pub async fn measure() {
    println!("\n| rotations | of | pulls | pushes | failures | restarts of the registry |");
    println!("|---|---|---|---|---|---|");
    for program in ["registry", "registry-2"] {
        let first = format!("push.bench.{program}.0");
        create(&first, &first);
        let mut gateway = Gateway::start().with_registry(program);
        let clients = Clients::start(&gateway, &first).await;
        if program == "registry" {
            accounts(&clients, program).await;
            println!("| {ACCOUNTS} | accounts | {}", clients.row(&mut gateway));
        }
        for number in 1..=KEYS {
            gateway.new_key(number);
            sleep(Duration::from_millis(100)).await;
        }
        println!("| {KEYS} | keys that sign, {program} | {}", clients.row(&mut gateway));
        clients.end().await;
    }
}

/// A new account is valid before the Secret names it, and the old one for a while after that.
async fn accounts(clients: &Clients, program: &str) {
    for number in 1..=ACCOUNTS {
        let (old, new) =
            (format!("push.bench.{program}.{}", number - 1), format!("push.bench.{program}.{number}"));
        create(&new, &new);
        clients.secret.store(Arc::new((new.clone(), new)));
        sleep(Duration::from_millis(300)).await;
        kubectl(&BARE, &format!("delete imageregistryaccount {old}"), NOTHING).unwrap();
    }
}

impl Clients {
    async fn start(gateway: &Gateway, first: &str) -> Self {
        let server = &gateway.running.server;
        let server = Arc::new(Server {
            port: server.port,
            ca_certificate: server.ca_certificate.clone(),
            pid: server.pid,
        });
        let mut new = Self {
            secret: Arc::new(ArcSwap::from_pointee((first.to_owned(), first.to_owned()))),
            pulls: Arc::default(),
            pushes: Arc::default(),
            failures: Arc::default(),
            ends: Arc::default(),
            tasks: Vec::new(),
        };
        let blob = Arc::new(Blob::new("pulled", 1));
        let secret = new.secret.load_full();
        let mut connection = Connection::open(&server).await;
        let token = connection.token(request(&secret)).await.unwrap();
        connection.push(REPOSITORY, &blob, &token).await.unwrap();
        for is_push in [false, true] {
            new.tasks.push(new.client(Arc::clone(&server), Arc::clone(&blob), is_push));
        }
        new
    }

    fn client(&self, server: Arc<Server>, blob: Arc<Blob>, is_push: bool) -> JoinHandle<()> {
        let (secret, ends) = (Arc::clone(&self.secret), Arc::clone(&self.ends));
        let done = Arc::clone(if is_push { &self.pushes } else { &self.pulls });
        let failures = Arc::clone(&self.failures);
        tokio::spawn(async move {
            let rate = if is_push { PULLS_PER_SECOND / 10 } else { PULLS_PER_SECOND };
            let mut ticks = interval(Duration::from_millis(1000 / rate));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let mut connection = Connection::open(&server).await;
            while !ends.load(Ordering::SeqCst) {
                ticks.tick().await;
                let token = connection.token(request(&secret.load_full())).await;
                let number = done.fetch_add(1, Ordering::SeqCst);
                let result = match token {
                    Err(status) => Err(status),
                    Ok(token) if is_push => {
                        let blob = Blob::new(&format!("{number} "), 4);
                        connection.push(REPOSITORY, &blob, &token).await
                    }
                    Ok(token) => connection.pull(REPOSITORY, &blob.digest, &token).await.map(|_| ()),
                };
                if let Err(status) = result {
                    failures.fetch_add(1, Ordering::SeqCst);
                    println!("failed: {status}");
                }
            }
        })
    }

    /// What was done since the last row.
    fn row(&self, gateway: &mut Gateway) -> String {
        let take = |counter: &AtomicUsize| counter.swap(0, Ordering::SeqCst);
        let registry = gateway.registry.as_mut().unwrap();
        let restarts = usize::from(registry.ended().unwrap().is_some());
        let (pulls, pushes) = (take(&self.pulls), take(&self.pushes));
        format!("{pulls} | {pushes} | {} | {restarts} |", take(&self.failures))
    }

    async fn end(self) {
        self.ends.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

fn request(secret: &(String, String)) -> String {
    token_request((&secret.0, &secret.1), &format!("repository:{REPOSITORY}:pull,push"))
}
