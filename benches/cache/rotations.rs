//! Rotations of the credentials for the upstream as the documentation has them, while clients pull.

use std::time::{Duration, Instant};

use crate::caches::{Caches, Pulls};

const ROTATIONS: usize = 20;

/// How long it took until the status had said that credentials were proven, and until they were used.
struct Rotation {
    proven: Duration,
    used: Duration,
}

pub fn measure() {
    let mut caches = Caches::start(&account(0));
    let mut rotations = Vec::new();
    let pulls = Pulls::during(&mut caches, |caches| {
        for number in 1..=ROTATIONS {
            rotations.push(rotate(caches, number));
        }
    });
    println!("\n| {ROTATIONS} rotations | |");
    println!("|---|---|");
    pulls.print();
    println!("| Pods that were replaced | {} |", usize::from(caches.is_replaced()));
    print("the status names new credentials after", rotations.iter().map(|rotation| rotation.proven));
    print("new credentials are used after", rotations.iter().map(|rotation| rotation.used));
}

fn account(number: usize) -> (String, String) {
    (format!("cache-{number}"), format!("password-{number}"))
}

/// From the change of the cache. The old account is deleted as soon as the status allows it; then an image is pulled that is not
/// cached, which needs the new one.
fn rotate(caches: &mut Caches, number: usize) -> Rotation {
    let (old, new) = (account(number - 1), account(number));
    let image = format!("app:{number}");
    let digest = caches.push(&image);
    caches.set_accounts(&[&old, &new]);
    let start = Instant::now();
    caches.set_credentials(&new);
    let secret = caches.cluster.secret();
    caches.cluster.wait("the credentials are proven", || caches.cluster.proven() == secret.as_str());
    let proven = start.elapsed();
    caches.set_accounts(&[&new]);
    while caches.pull(&image, &digest).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    Rotation { proven, used: start.elapsed() }
}

fn print(what: &str, times: impl Iterator<Item = Duration>) {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    let [median, most] = [times[times.len() / 2], times[times.len() - 1]].map(|time| time.as_secs_f64());
    println!("| {what} | median {median:.2} s, most {most:.2} s |");
}
