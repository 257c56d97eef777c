//! Clients: one pushes to the upstream, some pull from the cache what they may pull, and some what they may not.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::super::journal::Journal;
use super::node::{Failure, Node};
use super::system::{OTHER, PUSHER, STRANGER, System, TEAM};
use crate::harness::client::{Client, Login};
use crate::harness::registry::random_layer;

/// How many pull what they may pull.
const PULLERS: u64 = 2;
/// How long after an outage pulls may still fail: the gateway asks an upstream that was away again after five seconds.
const AFTERMATH: Duration = Duration::from_secs(8);

/// What clients have done and seen.
pub struct Clients<'a> {
    cache: SocketAddr,
    authority: String,
    upstream: Client,
    journal: &'a Journal,
    stop: &'a AtomicBool,
    /// Images of the upstream, with their digests.
    images: Mutex<Vec<(String, String)>>,
    pulled: AtomicUsize,
    interrupted: AtomicUsize,
    refused: AtomicUsize,
}

impl<'a> Clients<'a> {
    /// With an image of each repository.
    pub fn new(system: &System, journal: &'a Journal, stop: &'a AtomicBool) -> Self {
        let upstream = Client::new("crane", system.upstream.port, &system.upstream.authority);
        upstream.log_in(PUSHER).unwrap();
        let new = Self {
            cache: system.pod.address,
            authority: system.pod.authority.clone(),
            upstream,
            journal,
            stop,
            images: Mutex::default(),
            pulled: AtomicUsize::new(0),
            interrupted: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        };
        let mut random = Rng::with_seed(0);
        for image in ["team/app:first", "other/app:first"] {
            let digest = new.push(image, &mut random).unwrap();
            new.images().push((image.to_owned(), digest));
        }
        new
    }

    pub fn start<'scope, 'env>(&'env self, scope: &'scope Scope<'scope, 'env>, seed: u64) {
        scope.spawn(move || self.repeat(seed, |random, number| self.publish(random, number)));
        scope.spawn(move || self.repeat(seed, |random, _| self.trespass(random)));
        for puller in 1..=PULLERS {
            scope.spawn(move || self.repeat(seed + puller, |random, _| self.pull_any(random)));
        }
    }

    pub fn have_done_enough(&self) -> bool {
        let pushed = self.images().len();
        let [pulled, refused] = [&self.pulled, &self.refused].map(|number| number.load(Ordering::Relaxed));
        pushed >= 5 && pulled >= 20 && refused >= 20
    }

    pub fn counts(&self) -> String {
        let [pulled, interrupted, refused] =
            [&self.pulled, &self.interrupted, &self.refused].map(|number| number.load(Ordering::Relaxed));
        let pushed = self.images().len();
        format!("{pushed} images, {pulled} pulls, {interrupted} interrupted ones, {refused} refused ones")
    }

    /// Pushes an image of a name that nobody has asked for. Returns what it is in the upstream.
    pub fn push_new(&self) -> (String, String) {
        let image = "team/app:last".to_owned();
        let digest = self.push(&image, &mut Rng::with_seed(1)).unwrap();
        (image, digest)
    }

    /// All images that the team may pull, with their digests.
    pub fn of_team(&self) -> Vec<(String, String)> {
        self.images().iter().filter(|(image, _)| image.starts_with("team/")).cloned().collect()
    }

    /// Pulls from the cache.
    pub fn pull(&self, image: &str, digest: &str) -> Result<(), Failure> {
        self.node().pull(Some(TEAM), image, digest)
    }

    fn node(&self) -> Node {
        Node::new(self.cache, &self.authority)
    }

    fn images(&self) -> std::sync::MutexGuard<'_, Vec<(String, String)>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn repeat(&self, seed: u64, action: impl Fn(&mut Rng, usize)) {
        let mut random = Rng::with_seed(seed);
        for number in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            action(&mut random, number);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn publish(&self, random: &mut Rng, number: usize) {
        let image = format!("team/app:{number}");
        let asked = Instant::now();
        match self.push(&image, random) {
            Ok(digest) => self.images().push((image, digest)),
            Err(_) if self.journal.is_excused_for(asked, AFTERMATH) => {}
            Err(said) => self.journal.blame(&format!("pushing {image}: {said}")),
        }
        std::thread::sleep(Duration::from_millis(300));
    }

    /// Pushes to the upstream. Returns the digest.
    fn push(&self, image: &str, random: &mut Rng) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let layer = random_layer(folder.path(), 100_000, random);
        let printed = self.upstream.run(&["append", "-f", &layer, "-t", &self.upstream.image(image)]);
        if !printed.ok {
            return Err(printed.err);
        }
        Ok(printed.out.trim().rsplit_once('@').unwrap().1.to_owned())
    }

    /// Pulls the newest image or another one. It may fail so that a node goes to the upstream, and only during an outage.
    fn pull_any(&self, random: &mut Rng) {
        let images = self.of_team();
        let newest = random.bool().then(|| images.last());
        let (image, digest) = newest.flatten().unwrap_or_else(|| &images[random.usize(..images.len())]);
        let asked = Instant::now();
        match self.pull(image, digest) {
            Ok(()) => _ = self.pulled.fetch_add(1, Ordering::Relaxed),
            Err(Failure::Broken(_) | Failure::Refused(500..600, _))
                if self.journal.is_excused_for(asked, AFTERMATH) =>
            {
                self.interrupted.fetch_add(1, Ordering::Relaxed);
            }
            Err(failure) => self.journal.blame(&format!("pulling {image}: {failure}")),
        }
    }

    /// Asks for what the client may not have.
    fn trespass(&self, random: &mut Rng) {
        let images = self.of_team();
        let (image, digest) = &images[random.usize(..images.len())];
        let node = self.node();
        let who: Option<Login<'_>> = *random.choice([&None, &Some(OTHER), &Some(STRANGER)]).unwrap();
        let answers = [
            node.pull(who, image, digest),
            node.peek(TEAM, image, "/v2/other/app/manifests/first"),
            node.peek(TEAM, image, "/v2/_catalog"),
        ];
        for answer in answers {
            match answer {
                Err(Failure::Broken(_) | Failure::Refused(..)) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                Err(failure) => self.journal.blame(&format!("{who:?} asks for {image}: {failure}")),
                Ok(()) => self.journal.blame(&format!("{who:?} has got {image}, or the team more than it")),
            }
        }
    }
}
