//! Clients that push and pull all the time, as crane does it. Each reads its Secret again before a request; while the API
//! server is away, it uses what it has read last.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::super::journal::Journal;
use super::cluster::{Owner, data};
use super::system::System;
use crate::harness::client::Client;
use crate::harness::command::piped;
use crate::harness::registry::random_layer;

/// Digests of the images that were pushed, by repository and tag.
#[derive(Debug, Default)]
pub struct Images(Mutex<BTreeMap<String, String>>);

impl Images {
    pub fn all(&self) -> Vec<(String, String)> {
        let images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        images.iter().map(|(image, digest)| (image.clone(), digest.clone())).collect()
    }

    fn add(&self, image: String, digest: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(image, digest);
    }
}

/// What clients have done and seen.
pub struct Clients<'a> {
    port: u16,
    authority: String,
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    journal: &'a Journal,
    images: &'a Images,
    stop: &'a AtomicBool,
    pushed: AtomicUsize,
    pulled: AtomicUsize,
    interrupted: AtomicUsize,
    passwords: Mutex<BTreeSet<String>>,
}

type Credentials = (String, String);

impl<'a> Clients<'a> {
    pub fn new(system: &System, journal: &'a Journal, images: &'a Images, stop: &'a AtomicBool) -> Self {
        let control_plane = &system.cluster.control_plane;
        Self {
            port: system.port,
            authority: system.authority.clone(),
            kubeconfig: control_plane.kubeconfig(),
            kubectl: PathBuf::from(control_plane.kubectl().get_program()),
            journal,
            images,
            stop,
            pushed: AtomicUsize::new(0),
            pulled: AtomicUsize::new(0),
            interrupted: AtomicUsize::new(0),
            passwords: Mutex::default(),
        }
    }

    pub fn start<'scope, 'env>(&'env self, scope: &'scope Scope<'scope, 'env>, seed: u64) {
        for (owner, seed) in Owner::all().zip(seed..) {
            scope.spawn(move || self.work(owner, seed));
        }
    }

    pub fn pushed(&self) -> usize {
        self.pushed.load(Ordering::Relaxed)
    }

    pub fn pulled(&self) -> usize {
        self.pulled.load(Ordering::Relaxed)
    }

    pub fn counts(&self) -> String {
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        let passwords = self.passwords().len();
        format!(
            "{} pushes, {} pulls, {interrupted} interrupted requests, {passwords} passwords",
            self.pushed(),
            self.pulled()
        )
    }

    /// All passwords that were ever read.
    pub fn passwords(&self) -> BTreeSet<String> {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn work(&self, owner: Owner, seed: u64) {
        let (mut random, mut credentials) = (Rng::with_seed(seed), None);
        let client = Client::new("crane", self.port, &self.authority);
        for number in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            credentials = self.read(owner, client.home()).or(credentials);
            let Some((user, password)) = &credentials else { continue };
            client.log_in((user, password)).unwrap();
            if owner.access == "push" {
                self.push(&client, owner, number, &mut random);
            } else {
                self.pull(&client, &mut random);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the Secret has; nothing while the API server is away.
    fn read(&self, owner: Owner, home: &Path) -> Option<Credentials> {
        let mut get = Command::new(&self.kubectl);
        get.env("KUBECONFIG", &self.kubeconfig).env("HOME", home);
        get.args(["get", "secret", "-o", "json", "--request-timeout=2s", "-n", owner.namespace]);
        get.arg(format!("image{}secret-web", owner.access));
        let printed = piped(get, "");
        let mut data = data(&serde_json::from_str(&printed.out).ok()?);
        let (user, password) = (data.remove("username")?, data.remove("password")?);
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner).insert(password.clone());
        Some((user, password))
    }

    fn push(&self, client: &Client, owner: Owner, number: usize, random: &mut Rng) {
        let layer = random_layer(client.home(), 200_000, random);
        let image = format!("{}/app:{number}", owner.namespace);
        let arguments = ["append", "-f", &layer, "-t", &client.image(&image)];
        if let Some(printed) = self.ask(client, &arguments) {
            let digest = printed.trim().rsplit_once('@').unwrap().1.to_owned();
            self.images.add(image, digest);
            self.pushed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn pull(&self, client: &Client, random: &mut Rng) {
        let images = self.images.all();
        if images.is_empty() {
            return;
        }
        let (image, _) = &images[random.usize(..images.len())];
        if self.ask(client, &["validate", "--remote", &client.image(image)]).is_some() {
            self.pulled.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What crane prints. A request may be interrupted by the end of gateway or registry, but no login is ever refused.
    fn ask(&self, client: &Client, arguments: &[&str]) -> Option<String> {
        let asked = Instant::now();
        let printed = client.run(arguments);
        if printed.ok {
            return Some(printed.out);
        }
        // A port has digits, too.
        let mut words = printed.err.split(|character: char| !character.is_ascii_alphanumeric());
        let is_refused = words.any(|word| ["401", "403", "UNAUTHORIZED", "DENIED", "429"].contains(&word));
        if is_refused || !self.journal.is_excused(asked) {
            self.journal.blame(&format!("{arguments:?}: {}", printed.err.trim()));
        } else {
            self.interrupted.fetch_add(1, Ordering::Relaxed);
        }
        None
    }
}
