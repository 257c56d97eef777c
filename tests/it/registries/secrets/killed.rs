//! The controller is killed after any of its writes, and started again.

use std::sync::Arc;
use std::time::Duration;

use controller::config::Config;
use serde_json::json;
use testenv::ControlPlane;
use tokio::sync::Notify;
use tokio::task::block_in_place;

use super::team::{Team, find, text};
use super::{control_plane, in_infra};
use crate::harness::cluster::NOTHING;
use crate::harness::controller::shared;
use crate::harness::gate::{Before, Gate};

const WHAT: &str = "imagepushsecret web";
const SECRET: &str = "imagepushsecret-web";

/// Runs a controller until `end`; work in progress is dropped, as by a kill.
async fn run_until(gate: &Gate, control_plane: &ControlPlane, end: impl Future<Output = ()>) {
    let shared = shared(gate.client(control_plane).await, Arc::default());
    let config = Config::default();
    let run = controller::image_secrets::run(&shared, &config, std::future::pending());
    tokio::select! {
        () = run => {}
        () = end => {}
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    while !block_in_place(&mut holds) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A gate that tells when the Secret is read.
fn told() -> (Gate, Arc<Notify>) {
    let read = Arc::new(Notify::new());
    let notify = Arc::clone(&read);
    let before: Before = Arc::new(move |request| {
        if request.uri().path().ends_with(SECRET) {
            notify.notify_one();
        }
        Box::pin(std::future::ready(()))
    });
    (Gate { before: Some(before), ..Gate::default() }, read)
}

/// Whether the Secret has the password of the only account.
fn is_settled(team: &Team<'_>) -> bool {
    let (data, accounts) = (team.data(SECRET), team.accounts());
    let [account] = accounts.as_slice() else { return false };
    let Some((namespace, name)) = account.split_once('/') else { return false };
    let account = find(team.control_plane, namespace, &format!("imageregistryaccount {name}"));
    let expected = format!("True Synced: Secret {SECRET} has the credentials of account {name}");
    team.ready(WHAT) == expected
        && data.get("username").is_some_and(|username| username == name)
        && bcrypt::verify(&data["password"], text(&account["spec"]["password"])).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_any_write_it_ends_with_one_account_and_its_password() {
    let control_plane = block_in_place(control_plane);
    let mut fatal = 0;
    loop {
        fatal += 1;
        let name = format!("killed-{fatal}");
        let team = block_in_place(|| Team::new(&control_plane, &name));
        block_in_place(|| team.put("ImagePushSecret", &in_infra()));
        let first = Gate { fatal, ..Gate::default() };
        let is_over = async {
            tokio::select! { () = first.killed.notified() => {}, () = until(|| is_settled(&team)) => {} }
        };
        run_until(&first, &control_plane, is_over).await;
        let was_killed = first.writes() >= fatal;

        let second = Gate::default();
        let settled = run_until(&second, &control_plane, until(|| is_settled(&team)));
        let ended = tokio::time::timeout(Duration::from_mins(1), settled).await;
        assert!(ended.is_ok(), "killed after write {fatal}: {}", block_in_place(|| team.ready(WHAT)));

        // Once more: nothing is due, so nothing is written, and a restart rotates nothing.
        let before = block_in_place(|| team.find(&format!("secret {SECRET}")));
        let (idle, read) = told();
        let looked = async {
            read.notified().await;
            // Long enough for a write, which must not come.
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        run_until(&idle, &control_plane, looked).await;
        assert_eq!(idle.writes(), 0, "killed after write {fatal}");
        let after = block_in_place(|| team.find(&format!("secret {SECRET}")));
        assert_eq!((after, block_in_place(|| is_settled(&team))), (before, true));
        if !was_killed {
            break;
        }
    }
    assert!(fatal > 5, "the happy path has only {} writes", fatal - 1);
}

/// Nobody asks the controller for credentials while it is away: it makes up for what it missed.
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_it_is_away_is_made_up_for() {
    let control_plane = block_in_place(control_plane);
    let team = block_in_place(|| Team::new(&control_plane, "away"));
    block_in_place(|| team.put("ImagePushSecret", &in_infra()));
    run_until(&Gate::default(), &control_plane, until(|| is_settled(&team))).await;
    block_in_place(|| {
        team.annotate(WHAT, "now");
        let finalizers = &team.find(WHAT)["metadata"]["finalizers"];
        assert_eq!(finalizers, &json!(["registry.mgoltzsche.github.com/accounts"]));
    });
    let is_rotated = || {
        team.accounts().len() == 2
            && team.data(SECRET).get("username").is_some_and(|name| name == "push.away.web.2")
    };
    run_until(&Gate::default(), &control_plane, until(is_rotated)).await;
    block_in_place(|| team.namespace.kubectl(&format!("delete {WHAT} --wait=false"), NOTHING)).unwrap();
    let is_gone = || team.accounts().is_empty() && team.find(WHAT).is_null();
    run_until(&Gate::default(), &control_plane, until(is_gone)).await;
}
