//! A blob of a gigabyte over TLS, through the gateway and through nginx, in front of the same registry.

use std::time::Instant;

use crate::gateway::{Gateway, create, token_request};
use crate::http::{Blob, Connection};
use crate::rates::Server;

/// Pieces of 64 KiB: 1 GiB.
const PIECES: usize = 16 << 10;
const ROUNDS: usize = 5;
const LOGIN: (&str, &str) = ("push.bench.blobs.1", "correct-horse-battery-staple");
const REPOSITORY: &str = "bench/blobs";

/// MiB per second, and CPU seconds.
type Figures = (f64, f64);

pub async fn measure() {
    create(LOGIN.0, LOGIN.1);
    let gateway = Gateway::start().with_registry("registry");
    let nginx = gateway.nginx();
    let servers =
        [("gateway", Some(&gateway.running.server)), ("nginx", nginx.as_ref().map(|it| &it.server))];
    let mut figures = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    // By turns, so that other load on the machine affects both alike.
    for round in 0..ROUNDS {
        for ((name, server), (pushes, pulls)) in servers.iter().zip(&mut figures) {
            let Some(server) = server else { continue };
            let mut connection = Connection::open(&gateway.running.server).await;
            let request = token_request(LOGIN, &format!("repository:{REPOSITORY}:pull,push"));
            let token = connection.token(request).await.unwrap();
            // The registry stores a blob once, so each has its own content.
            let blob = Blob::new(&format!("{name} {round} "), PIECES);
            pushes.push(push(server, &blob, &token).await);
            pulls.push(pull(server, &blob, &token).await);
        }
    }
    println!("\n| 1 GiB over TLS, median of {ROUNDS} | push MiB/s | push CPU s | pull MiB/s | pull CPU s |");
    println!("|---|---|---|---|---|");
    for ((name, server), (pushes, pulls)) in servers.iter().zip(&mut figures) {
        if server.is_none() {
            println!(
                "| {name} is not installed (apt-get install nginx-light, or the variable NGINX) | | | | |"
            );
            continue;
        }
        let (push, pull) = (median(pushes), median(pulls));
        println!("| {name} | {:.0} | {:.2} | {:.0} | {:.2} |", push.0, push.1, pull.0, pull.1);
    }
}

async fn push(server: &Server, blob: &Blob, token: &str) -> Figures {
    let mut connection = Connection::open(server).await;
    let (begin, cpu) = (Instant::now(), server.cpu_seconds());
    connection.push(REPOSITORY, blob, token).await.unwrap();
    figures(server, blob, begin, cpu)
}

async fn pull(server: &Server, blob: &Blob, token: &str) -> Figures {
    let mut connection = Connection::open(server).await;
    let (begin, cpu) = (Instant::now(), server.cpu_seconds());
    assert_eq!(connection.pull(REPOSITORY, &blob.digest, token).await, Ok(blob.len()));
    figures(server, blob, begin, cpu)
}

fn figures(server: &Server, blob: &Blob, begin: Instant, cpu: f64) -> Figures {
    let mib = blob.len() as f64 / 1024.0 / 1024.0;
    (mib / begin.elapsed().as_secs_f64(), server.cpu_seconds() - cpu)
}

/// Each of both by itself.
fn median(rounds: &mut [Figures]) -> Figures {
    let middle = |of: fn(&Figures) -> f64| {
        let mut values: Vec<_> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (middle(|figures| figures.0), middle(|figures| figures.1))
}
