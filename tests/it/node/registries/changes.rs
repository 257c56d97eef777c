//! Changes of a node that runs: no restart, no pull that goes elsewhere.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::harness::certs_d::{configure, files, log_of_containerd, process, pull, refused, write};
use crate::harness::mirror::{Mirror, PASSWORD};
use crate::harness::registry::Auth;

/// How many times the short form rewrites a file; `make bench-nodes` does it 10,000 times.
const REWRITES: usize = 500;

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_new_password_is_used_by_the_next_pull_of_the_same_containerd() {
    let mirror = Mirror::with(Auth::Basic, "app:1");
    let with = |password: &str| {
        configure(
            "rotation.test",
            &json!({"fallback": "None", "endpoints": [mirror.endpoint(Some(password))]}),
        );
    };
    with(PASSWORD);
    pull("rotation.test/app:1").unwrap();
    let before = process("containerd");
    for number in 0..5 {
        let password = format!("password {number}");
        mirror.registry.set_password(&password);
        refused("rotation.test/app:1", "authorization failed");
        with(&password);
        pull("rotation.test/app:1").unwrap();
    }
    assert_eq!(process("containerd"), before);
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn rewritten_files_let_no_pull_pass_by_the_mirror() {
    let mirror = Mirror::start(Auth::Basic);
    let images = ["app:1", "app:2", "app:3", "app:4"];
    for image in images {
        mirror.push(image);
    }
    // A pull that passes by the mirror fails: the name of the registry leads nowhere.
    let variants = ["1s", "2s", "3s"].map(|timeout| {
        let mut endpoint = mirror.endpoint(Some(PASSWORD));
        endpoint["dialTimeout"] = json!(timeout);
        files("rewrites.test", &json!([endpoint]))
    });
    write(&variants[0]);
    let (done, pulls) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for image in images {
            let (done, pulls) = (&done, &pulls);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    pull(&format!("rewrites.test/{image}")).unwrap();
                    pulls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 0..REWRITES {
            write(&variants[number % variants.len()]);
        }
        // Each client pulls with rewritten files.
        while pulls.load(Ordering::Relaxed) < 2 * images.len() {
            write(&variants[0]);
        }
        done.store(true, Ordering::Relaxed);
    });
    let refused: Vec<_> = mirror.answers().into_iter().filter(|answer| !answer.ends_with(" 200")).collect();
    assert_eq!(refused, [""; 0]);
    assert!(!log_of_containerd().contains("failed to decode"), "{}", log_of_containerd());
}
