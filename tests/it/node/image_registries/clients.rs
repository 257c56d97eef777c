//! skopeo, podman, buildah and containerd at a registry of the node: they push four layers, mount them into another repository,
//! pull, and delete nothing. The first three are those of Debian; other clients are tested in `registries/clients.rs`.

mod builders;
mod debian;

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use self::debian::{Debian, NOBODY};
use super::team::{Held, Team};
use crate::harness::call::call;
use crate::harness::certs_d::configure;
use crate::harness::command::{Printed, piped};
use crate::harness::layout::layout;
use crate::harness::real_cluster::CLUSTER;

/// The layers: different files of a megabyte.
const LAYERS: [&str; 4] = ["a", "b", "c", "d"];
const LAYER_SIZE: usize = 1 << 20;

/// An image with four layers, whose files do not compress away.
fn image(folder: &Path) -> String {
    let output = folder.join("image");
    let mut flags = vec![format!("--output={}", output.display()), "--name=four:1".to_owned()];
    for layer in LAYERS {
        let path = folder.join(layer);
        fs::create_dir(&path).unwrap();
        write_layer(&path.join("file"));
        flags.push(format!("--layer={}", path.display()));
    }
    layout(&flags);
    output.display().to_string()
}

/// Writes what a layer holds.
fn write_layer(file: &Path) {
    let mut random = vec![0; LAYER_SIZE];
    std::io::Read::read_exact(&mut fs::File::open("/dev/urandom").unwrap(), &mut random).unwrap();
    fs::write(file, random).unwrap();
}

/// The MiB that the gateway has received.
fn received(team: &Team) -> u64 {
    let address = team.namespace.kubectl("get pod registry-0 -o jsonpath={.status.podIP}");
    let metrics = call((&address, 9090), "GET", "/metrics", &[], b"").unwrap().body;
    let start = "serverless_registry_body_bytes_total{direction=\"received\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(start)).unwrap();
    line.parse::<u64>().unwrap() >> 20
}

/// ctr, which asks containerd to push and pull with credentials.
fn ctr(words: &str, held: &Held, images: &[&str]) -> Printed {
    let mut command = images_of_containerd(words);
    command.arg(format!("--user={}:{}", held["username"], held["password"]));
    command.arg(format!("--hosts-dir={}", CLUSTER.node.registries().display())).args(images);
    piped(command, "")
}

/// ctr, in a namespace of containerd that the kubelet does not use.
fn images_of_containerd(words: &str) -> Command {
    let mut command = Command::new(testenv::built("node").unwrap().join("ctr"));
    command.args(["--namespace=clients", "images", words]);
    command
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn clients_push_mount_pull_and_delete_nothing() {
    let team = Team::start("registry-clients");
    let credentials = ["push", "pull"].map(|access| {
        let message =
            format!("Secret image{access}secret-example has the credentials of account {access}.registry-clients.example.1");
        team.await_ready(&format!("image{access}secret example"), &message);
        team.held(&format!("image{access}secret-example"))
    });
    skopeo(&team, &credentials);
    for program in ["podman", "buildah"] {
        builders::check(program, &team, &credentials);
    }
    containerd(&team, &credentials);
}

fn skopeo(team: &Team, [push, pull]: &[Held; 2]) {
    let [pushes, pulls] = [push, pull].map(|held| Debian::new("skopeo", &held["ca.crt"]));
    let wrong = pushes.log_in(team, &push["username"], "wrong");
    assert!(!wrong.ok && wrong.err.contains("invalid username/password"), "{wrong:?}");
    pushes.log_in(team, &push["username"], &push["password"]).unwrap();
    pulls.log_in(team, &pull["username"], &pull["password"]).unwrap();

    let folder = tempfile::tempdir().unwrap();
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let local = image(folder.path());
    let [app, other] =
        ["skopeo/app:1", "skopeo/other:1"].map(|image| format!("docker://{}", team.image(image)));
    let before = received(team);
    pushes.run(&format!("copy oci:{local} {app}"), "").unwrap();
    assert_eq!(received(team) - before, 4);
    pushes.run(&format!("copy {app} {other}"), "").unwrap();
    assert_eq!(received(team) - before, 4, "the copy sent layers, instead of mounting them");

    let digest =
        |client: &Debian, image: &str| client.run(&format!("inspect --format {{{{.Digest}}}} {image}"), "");
    assert_eq!(digest(&pulls, &other).unwrap(), digest(&pushes, &app).unwrap());
    pulls.run(&format!("copy {other} dir:pulled"), "").unwrap();
    let large = fs::read_dir(pulls.home().join("pulled")).unwrap();
    let large = large.filter(|file| file.as_ref().unwrap().metadata().unwrap().len() > 1 << 20);
    assert_eq!(large.count(), LAYERS.len());

    let deleted = pushes.run(&format!("delete {app}"), "");
    assert!(!deleted.ok && deleted.err.contains(r#"\"Action\":\"delete\""#), "{deleted:?}");
    let refused = pulls.run(&format!("copy oci:{local} {app}"), "");
    assert!(!refused.ok && refused.err.contains("authentication required"), "{refused:?}");
    assert!(digest(&pulls, &app).ok);
}

fn containerd(team: &Team, [push, pull]: &[Held; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let (local, archive) = (image(folder.path()), folder.path().join("image.tar"));
    let mut tar = Command::new("tar");
    tar.args(["-C", &local, "-cf"]).arg(&archive).arg(".");
    piped(tar, "").unwrap();
    let mut import = images_of_containerd("import");
    import.arg(&archive);
    piped(import, "").unwrap();
    configure(&team.host, &team.for_nodes(&push["ca.crt"])[&team.host]);
    let [app, other] = ["containerd/app:1", "containerd/other:1"].map(|image| team.image(image));

    let wrong = Held::from([("password".to_owned(), "wrong".to_owned())]);
    let wrong = push.clone().into_iter().chain(wrong).collect();
    let refused = ctr("push", &wrong, &[&app, "four:1"]);
    assert!(!refused.ok && refused.err.contains("401 Unauthorized"), "{refused:?}");
    let before = received(team);
    ctr("push", push, &[&app, "four:1"]).unwrap();
    assert_eq!(received(team) - before, 4);
    // What is pulled, containerd knows to be there.
    ctr("pull", pull, &[&app]).unwrap();
    ctr("push", push, &[&other, &app]).unwrap();
    assert_eq!(received(team) - before, 4, "the second push sent layers, instead of mounting them");
    let refused = ctr("push", pull, &[&team.image("containerd/new:1"), "four:1"]);
    assert!(!refused.ok && refused.err.contains("insufficient_scope: authorization failed"), "{refused:?}");
    ctr("pull", pull, &[&other]).unwrap();
}
