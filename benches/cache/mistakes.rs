//! Wrong credentials for the upstream, again and again, while clients pull.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::caches::{Caches, Pulls};

const LENGTH: Duration = Duration::from_mins(2);
/// In seconds.
const MINUTE: f64 = 60.0;
/// Between two Secrets.
const PAUSE: Duration = Duration::from_secs(5);

pub fn measure() {
    let right = ("cache".to_owned(), "password".to_owned());
    let mut caches = Caches::start(&right);
    let mut noticed = Duration::ZERO;
    let pulls = Pulls::during(&mut caches, |caches| {
        let mistype = |caches: &mut Caches, number: u64| {
            caches.set_credentials(&(right.0.clone(), format!("wrong-{number}")));
        };
        let start = Instant::now();
        mistype(caches, 0);
        caches.cluster.wait("the wrong password is noticed", || {
            caches.cluster.condition("CredentialsValid").starts_with("False CredentialsInvalid ")
        });
        noticed = start.elapsed();
        while start.elapsed() < LENGTH {
            std::thread::sleep(PAUSE);
            mistype(caches, start.elapsed().as_secs());
        }
    });
    let wrong = wrong_logins(&caches.upstream.log());
    let in_a_minute = wrong
        .iter()
        .map(|first| wrong.iter().filter(|login| (**login - *first) < MINUTE && *login >= first).count());
    println!("\n| wrong credentials, another Secret every {} s | |", PAUSE.as_secs());
    println!("|---|---|");
    pulls.print();
    println!("| Pods that were replaced | {} |", usize::from(caches.is_replaced()));
    println!("| CredentialsValid is False after | {:.2} s |", noticed.as_secs_f64());
    println!("| wrong logins that the upstream saw | {} |", wrong.len());
    println!("| most in a minute | {} |", in_a_minute.max().expect("nothing was wrong"));
}

/// When the upstream has refused logins, in seconds, according to its log.
fn wrong_logins(log: &str) -> Vec<f64> {
    let refusals = log.lines().filter(|line| line.contains(": authentication failure"));
    let time = |line: &str| line.split('"').nth(1).unwrap().parse::<Timestamp>().unwrap();
    refusals.map(|line| time(line).as_duration().as_secs_f64()).collect()
}
