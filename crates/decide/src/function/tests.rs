//! Functions on a simulated cluster: what is applied is stored, with an owner and a few defaults as an API server adds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

/// Texts with names in them.
macro_rules! texts {
    ($($text:literal),* $(,)?) => { [$(format!($text)),*] };
}

mod builds;
mod failures;
mod git;
mod prerequisites;
mod rollout;
mod runtimes;
mod world;

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::simulation::{DIGEST, Simulation};
use super::*;
use crate::Kind;
use crate::plan::{JobChange, Question, Step};
use world::World;

/// Names that hashes make: of the objects of the Function, and of its first build Job.
const CHILD: &str = "f-b2zg9";
const JOB: &str = "f-build-2g45c";
/// That of another source.
const OTHER_JOB: &str = "f-build-vpdjq";

fn configured() -> String {
    format!("ConfigurationReady=True ConfigMapCreated ConfigMap {CHILD} created")
}

#[test]
fn an_inline_function_goes_from_nothing_to_running_in_three_passes_and_then_rests() {
    let mut world = World::inline();
    let configured = configured();
    let (did, said) = world.pass();
    assert_eq!(did, texts!["create ConfigMap {CHILD}", "create Job {JOB}"]);
    assert_eq!(said, texts!["{configured}", "BuildReady=Unknown JobCreated Job {JOB} created"]);

    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    assert_eq!(said, texts!["{configured}", "BuildReady=Unknown JobRunning Job {JOB} is still in progress"]);

    world.simulation.end_job(true, "");
    let (did, said) = world.pass();
    assert_eq!(did, texts!["note digest on Job {JOB}", "create Deployment {CHILD}", "create Service f"]);
    let built = format!("BuildReady=True JobFinished Job {JOB} finished");
    assert_eq!(said, texts!["{configured}", "{built}", "Running=Unknown ServiceCreated Service f created"]);

    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    let waiting = format!("Running=Unknown DeploymentWaiting Deployment {CHILD} is not ready yet");
    assert_eq!(said, texts!["{configured}", "{built}", "{waiting}"]);

    world.simulation.roll_out();
    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    assert_eq!(
        said,
        texts!["{configured}", "{built}", "Running=True DeploymentReady Deployment {CHILD} is ready"]
    );

    assert!(world.rests());
}

#[test]
fn a_time_of_transition_changes_with_the_status_alone() {
    let mut world = World::inline();
    let times = |world: &World| -> Vec<Value> {
        let conditions = world.simulation.status().conditions.iter();
        conditions.map(|condition| json!(condition.last_transition_time)).collect()
    };
    world.run();
    let [first, second, third] = [1, 2, 3].map(|second| json!(format!("1970-01-01T00:00:0{second}Z")));
    assert_eq!(times(&world), [first, second, third.clone(), third]);
}

#[test]
fn a_new_source_is_built_while_the_old_one_runs() {
    let mut world = World::inline();
    world.run();
    let old = world.image();
    world.change(&json!({"spec": {"source": "y"}}));
    let (did, said) = world.pass();
    assert_eq!(did, texts!["apply ConfigMap {CHILD}", "delete Job {JOB}", "create Job {OTHER_JOB}"]);
    assert_eq!(said[2], format!("Running=True DeploymentReady Deployment {CHILD} is ready"));
    assert_eq!(world.image(), old);
    world.simulation.end_job(true, "");
    assert_eq!(world.pass().0, texts!["note digest on Job {OTHER_JOB}", "apply Deployment {CHILD}"]);
    assert_ne!(world.image(), old);
}

#[rstest]
#[case::env(json!({"env": [{"name": "A", "value": "1"}]}), &texts!["apply Deployment {CHILD}"])]
#[case::labels(json!({"labels": {"a": "b"}}), &texts!["apply Deployment {CHILD}"])]
#[case::resources(json!({"resources": {"limits": {"cpu": "0.5"}}}), &texts!["apply Deployment {CHILD}"])]
#[case::replicas(json!({"minReplicas": 2, "maxReplicas": 2}), &texts!["apply Deployment {CHILD}"])]
#[case::build_resources(json!({"buildResources": {"limits": {"cpu": "1"}}}), &[])]
#[case::scaled(json!({"maxReplicas": 3}), &texts!["apply Deployment {CHILD}", "create HorizontalPodAutoscaler {CHILD}"])]
#[case::blank_dependencies(json!({"deps": " \n"}), &[])]
fn what_does_not_go_into_the_image_builds_none(#[case] change: Value, #[case] expected: &[String]) {
    let mut world = World::inline();
    world.run();
    world.change(&json!({"spec": change}));
    assert_eq!(world.pass().0, expected);
    world.simulation.roll_out();
    world.pass();
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn an_autoscaler_that_is_no_longer_wanted_goes() {
    let mut world =
        World::new(&json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 3}));
    world.run();
    assert!(world.observed().deployment.0.as_ref().unwrap()["spec"].get("replicas").is_none());
    world.change(&json!({"spec": {"maxReplicas": 1}}));
    assert_eq!(world.pass().0, texts!["apply Deployment {CHILD}", "delete HorizontalPodAutoscaler {CHILD}"]);
}

#[test]
fn a_job_that_is_gone_is_not_built_again_once_its_image_is_deployed() {
    let mut world = World::inline();
    world.run();
    world.observed().jobs.clear();
    assert!(world.rests());
}

#[test]
fn labels_of_a_function_go_to_all_that_is_made_of_it() {
    let mut world = World::inline();
    world.run();
    world.change(&json!({"metadata": {"labels": {"app": null, "team": "a"}}}));
    let labels = "{\"app\": None, \"serverless.kyma-project.io/function-name\": Some(\"f\"), \"serverless.kyma-project.io/managed-by\": Some(\"function-controller\"), \"serverless.kyma-project.io/uuid\": Some(\"u-1\"), \"team\": Some(\"a\")}";
    let expected = texts![
        "apply ConfigMap {CHILD}",
        "relabel Job {JOB} {labels}",
        "apply Deployment {CHILD}",
        "apply Service f"
    ];
    assert_eq!(world.pass().0, expected);
    world.simulation.roll_out();
    world.pass();
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn labels_of_our_own_group_go_to_nothing_that_is_made() {
    let mut world = World::inline();
    let ours = |value: &str| json!({"app": null, "serverless.kyma-project.io/config": value});
    world.change(&json!({"metadata": {"labels": ours("runtime")}, "spec": {"labels": ours("credentials")}}));
    world.run();
    let observed = &world.observed();
    for made in [&observed.config_map, &observed.deployment, &observed.service] {
        let labels = made.0.as_ref().unwrap()["metadata"]["labels"].as_object().unwrap();
        let keys: Vec<_> = labels.keys().map(|key| key.split_once('/').unwrap().1).collect();
        assert_eq!(keys, ["function-name", "managed-by", "uuid"]);
    }
    assert_eq!(observed.jobs[0].labels.as_ref().unwrap().len(), 3);
    let pod = &observed.deployment.0.as_ref().unwrap()["spec"]["template"]["metadata"]["labels"];
    assert_eq!(pod["serverless.kyma-project.io/config"], Value::Null);
}

#[test]
fn a_message_is_cut_where_nobody_reads_on() {
    let mut world = World::inline();
    let message = "é".repeat(100_000);
    world.observed().refused = Some(Refusal { kind: Kind::ConfigMap, name: CHILD.to_owned(), message });
    let (_, said) = world.pass();
    assert!(said[0].ends_with("é…") && said[0].chars().count() < 2100, "{}", said[0].chars().count());
}

#[test]
fn what_belongs_to_others_is_never_overwritten() {
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(true, "");
    world.observed().taken.insert((Kind::Service, "f".to_owned()));
    let (did, said) = world.pass();
    assert_eq!(did, texts!["note digest on Job {JOB}", "create Deployment {CHILD}"]);
    assert_eq!(
        said[0],
        "ConfigurationReady=False NameConflict Service f exists and does not belong to this Function: delete it, or give the Function another name"
    );
    assert!(world.rests());
    world.observed().taken.clear();
    assert_eq!(world.pass().0, ["create Service f"]);
    assert_eq!(world.pass().1[0], configured());
}

#[rstest]
#[case(Kind::ConfigMap, CHILD, "ConfigurationReady=False SourceUpdateFailed")]
#[case(Kind::Job, JOB, "BuildReady=False JobFailed")]
#[case(Kind::Deployment, CHILD, "Running=False DeploymentFailed")]
#[case(Kind::Service, "f", "Running=False DeploymentFailed")]
fn what_the_api_server_refuses_is_told(#[case] kind: Kind, #[case] name: &str, #[case] reason: &str) {
    let mut world = World::inline();
    let expected = format!("{reason} {kind} {name} was refused: too long");
    let (name, message) = (name.to_owned(), "too long".to_owned());
    world.observed().refused = Some(Refusal { kind, name, message });
    world.run();
    assert!(world.conditions().contains(&expected), "{:?}", world.conditions());
}

#[test]
fn drift_is_repaired() {
    let mut world = World::inline();
    world.run();
    world.observed().service.0.as_mut().unwrap()["spec"]["selector"] = json!({"app": "other"});
    assert_eq!(world.pass().0, ["apply Service f"]);
    world.observed().config_map = Stored(None);
    assert_eq!(world.pass().0, texts!["create ConfigMap {CHILD}"]);
}

#[test]
fn what_the_reference_implementation_left_goes_once_ours_runs() {
    let mut world = World::inline();
    let leftover = |kind, name: &str| Leftover { kind, name: name.to_owned() };
    world.observed().leftovers =
        vec![leftover(Kind::Deployment, "f-xv6pc"), leftover(Kind::ConfigMap, "f-nxjdp")];
    world.pass();
    world.simulation.end_job(true, "");
    assert_eq!(
        world.pass().0,
        texts!["note digest on Job {JOB}", "create Deployment {CHILD}", "create Service f"]
    );
    assert_eq!(world.pass().0, [""; 0]);
    world.simulation.roll_out();
    assert_eq!(world.pass().0, ["delete Deployment f-xv6pc", "delete ConfigMap f-nxjdp"]);
    assert_eq!(world.pass().0, [""; 0]);
}
