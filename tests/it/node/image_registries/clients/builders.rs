//! podman and buildah, which build an image and push it.

use std::fs;

use super::super::team::{Held, Team};
use super::debian::Debian;
use super::{LAYERS, received, write_layer};

/// An image with a layer for each file.
const DOCKERFILE: &str = "FROM scratch\nCOPY a /\nCOPY b /\nCOPY c /\nCOPY d /\n";

/// Holds that a program pushes, mounts and pulls, and that its account is asked for.
pub fn check(program: &'static str, team: &Team, [push, pull]: &[Held; 2]) {
    let [pushes, pulls] = [push, pull].map(|held| Debian::new(program, &held["ca.crt"]));
    let wrong = pushes.log_in(team, &push["username"], "wrong");
    assert!(!wrong.ok && wrong.err.contains("invalid username/password"), "{wrong:?}");
    pushes.log_in(team, &push["username"], &push["password"]).unwrap();
    pulls.log_in(team, &pull["username"], &pull["password"]).unwrap();

    let [app, other, refused] =
        ["app:1", "other:1", "refused:1"].map(|name| team.image(&format!("{program}/{name}")));
    build(&pushes, &app);
    let before = received(team);
    pushes.run(&format!("push {app}"), "").unwrap();
    assert_eq!(received(team) - before, 4);
    pushes.run(&format!("tag {app} {other}"), "").unwrap();
    pushes.run(&format!("push {other}"), "").unwrap();
    assert_eq!(received(team) - before, 4, "the second push sent layers, instead of mounting them");

    let id =
        |client: &Debian, image: &str| client.run(&format!("images --no-trunc --quiet {image}"), "").unwrap();
    pulls.run(&format!("pull {other}"), "").unwrap();
    assert_eq!(id(&pulls, &other), id(&pushes, &app));
    pulls.run(&format!("tag {other} {refused}"), "").unwrap();
    let printed = pulls.run(&format!("push {refused}"), "");
    assert!(!printed.ok && printed.err.contains("authentication required"), "{printed:?}");
}

/// Builds an image whose files do not compress away.
fn build(client: &Debian, image: &str) {
    let context = client.home().join("context");
    fs::create_dir(&context).unwrap();
    fs::write(context.join("Dockerfile"), DOCKERFILE).unwrap();
    for layer in LAYERS {
        write_layer(&context.join(layer));
    }
    client.run(&format!("build --layers --isolation=chroot --tag={image} context"), "").unwrap();
}
