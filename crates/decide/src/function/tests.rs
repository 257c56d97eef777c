//! Functions on a simulated cluster: what is applied is stored, with an owner and a few defaults as an API server adds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod builds;
mod git;
mod runtimes;
mod world;

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::simulation::{DIGEST, Simulation};
use super::*;
use crate::Kind;
use crate::plan::{JobChange, Question, Step};
use world::World;

const CONFIGURED: &str = "ConfigurationReady=True ConfigMapCreated ConfigMap f-b2zg9 created";

#[test]
fn an_inline_function_goes_from_nothing_to_running_in_three_passes_and_then_rests() {
    let mut world = World::inline();
    let (did, said) = world.pass();
    assert_eq!(did, ["create ConfigMap f-b2zg9", "create Job f-build-2g45c"]);
    assert_eq!(said, [CONFIGURED, "BuildReady=Unknown JobCreated Job f-build-2g45c created"]);

    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    assert_eq!(said, [CONFIGURED, "BuildReady=Unknown JobRunning Job f-build-2g45c is still in progress"]);

    world.simulation.end_job(true, "");
    let (did, said) = world.pass();
    let noted = "note digest on Job f-build-2g45c";
    assert_eq!(did, [noted, "create Deployment f-b2zg9", "create Service f"]);
    let built = "BuildReady=True JobFinished Job f-build-2g45c finished";
    assert_eq!(said, [CONFIGURED, built, "Running=Unknown ServiceCreated Service f created"]);

    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    let waiting = "Running=Unknown DeploymentWaiting Deployment f-b2zg9 is not ready yet";
    assert_eq!(said, [CONFIGURED, built, waiting]);

    world.simulation.roll_out();
    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    assert_eq!(said, [CONFIGURED, built, "Running=True DeploymentReady Deployment f-b2zg9 is ready"]);

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
    let (first, third) = (json!("1970-01-01T00:00:01Z"), json!("1970-01-01T00:00:03Z"));
    assert_eq!(times(&world), [first, json!("1970-01-01T00:00:02Z"), third]);
}

#[test]
fn a_new_source_is_built_while_the_old_one_runs() {
    let mut world = World::inline();
    world.run();
    let old = world.image();
    world.change(&json!({"spec": {"source": "y"}}));
    let (did, said) = world.pass();
    assert_eq!(did, ["apply ConfigMap f-b2zg9", "delete Job f-build-2g45c", "create Job f-build-vpdjq"]);
    assert_eq!(said[2], "Running=True DeploymentReady Deployment f-b2zg9 is ready");
    assert_eq!(world.image(), old);
    world.simulation.end_job(true, "");
    assert_eq!(world.pass().0, ["note digest on Job f-build-vpdjq", "apply Deployment f-b2zg9"]);
    assert_ne!(world.image(), old);
}

#[rstest]
#[case::env(json!({"env": [{"name": "A", "value": "1"}]}), &["apply Deployment f-b2zg9"])]
#[case::labels(json!({"labels": {"a": "b"}}), &["apply Deployment f-b2zg9"])]
#[case::resources(json!({"resources": {"limits": {"cpu": "0.5"}}}), &["apply Deployment f-b2zg9"])]
#[case::replicas(json!({"minReplicas": 2, "maxReplicas": 2}), &["apply Deployment f-b2zg9"])]
#[case::build_resources(json!({"buildResources": {"limits": {"cpu": "1"}}}), &[])]
#[case::scaled(json!({"maxReplicas": 3}), &["apply Deployment f-b2zg9", "create HorizontalPodAutoscaler f-b2zg9"])]
#[case::blank_dependencies(json!({"deps": " \n"}), &[])]
fn what_does_not_go_into_the_image_builds_none(#[case] change: Value, #[case] expected: &[&str]) {
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
    assert_eq!(world.pass().0, ["apply Deployment f-b2zg9", "delete HorizontalPodAutoscaler f-b2zg9"]);
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
    let relabelled = "relabel Job f-build-2g45c {\"app\": None, \"serverless.kyma-project.io/function-name\": Some(\"f\"), \"serverless.kyma-project.io/managed-by\": Some(\"function-controller\"), \"serverless.kyma-project.io/uuid\": Some(\"u-1\"), \"team\": Some(\"a\")}";
    let expected = ["apply ConfigMap f-b2zg9", relabelled, "apply Deployment f-b2zg9", "apply Service f"];
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
    world.observed().refused = Some(Refusal { kind: Kind::ConfigMap, name: "f-b2zg9".to_owned(), message });
    let (_, said) = world.pass();
    assert!(said[0].ends_with("é…") && said[0].chars().count() < 2100, "{}", said[0].chars().count());
}

#[test]
fn a_deployment_that_fails_is_told() {
    let mut world = World::inline();
    world.run();
    let progressing =
        json!({"type": "Progressing", "status": "False", "message": "ReplicaSet has timed out progressing."});
    world.observed().deployment.0.as_mut().unwrap()["status"]["conditions"] = json!([progressing]);
    let (_, said) = world.pass();
    assert_eq!(
        said[2],
        "Running=False DeploymentFailed Deployment f-b2zg9 failed: ReplicaSet has timed out progressing."
    );
}

const LABELS: &str = "has the labels serverless.kyma-project.io/config=runtime and serverless.kyma-project.io/runtime=nodejs12";

#[rstest]
#[case::runtime_unknown(
    |world: &mut World| world.change(&json!({"spec": {"runtime": "go"}})),
    "RuntimeMissing Runtime \"go\" is not configured; known runtimes: nodejs10, nodejs12, python38".to_owned(),
)]
#[case::runtime_missing(
    |world: &mut World| world.observed().runtime_image = Err(RuntimeProblem::Missing),
    format!("RuntimeMissing No ConfigMap in namespace n {LABELS}"),
)]
#[case::runtime_twice(
    |world: &mut World| world.observed().runtime_image = Err(RuntimeProblem::Several(vec!["a".to_owned(), "b".to_owned()])),
    format!("RuntimeMissing More than one ConfigMap in namespace n {LABELS}: a, b; delete all but one"),
)]
#[case::runtime_broken(
    |world: &mut World| world.observed().runtime_image = Err(RuntimeProblem::NoDockerfile("a".to_owned())),
    "RuntimeMissing ConfigMap a in namespace n has no key Dockerfile: put the Dockerfile of runtime nodejs12 there".to_owned(),
)]
#[case::runtime_with_many_files(
    |world: &mut World| world.observed().runtime_image = Err(RuntimeProblem::TooManyFiles { config_map: "a".to_owned(), files: 40 }),
    "RuntimeMissing ConfigMap a in namespace n has 40 keys beside Dockerfile, and a build takes at most 32: delete those that the Dockerfile does not copy, or pack several into one".to_owned(),
)]
#[case::runtime_with_a_bad_file_name(
    |world: &mut World| world.observed().runtime_image = Err(RuntimeProblem::BadFileName("a".to_owned())),
    "RuntimeMissing ConfigMap a in namespace n has a key that is longer than 64 characters or is not a file name: rename it".to_owned(),
)]
#[case::registry_missing(
    |world: &mut World| world.observed().registry = Err(RegistryProblem::Missing),
    "RegistryConfigMissing Neither Secret serverless-registry-config nor serverless-registry-config-default is in namespace n".to_owned(),
)]
#[case::account_missing(
    |world: &mut World| world.observed().missing_account = Some("serverless-build".to_owned()),
    "RegistryConfigMissing ServiceAccount serverless-build, with which images are built and pulled, is not in namespace n".to_owned(),
)]
#[case::registry_without_address(
    |world: &mut World| world.observed().registry = Err(RegistryProblem::NoAddress { secret: "s".to_owned(), key: "registryAddress" }),
    "RegistryConfigMissing Secret s in namespace n has no key registryAddress, or a blank one".to_owned(),
)]
#[case::registry_of_a_bad_address(
    |world: &mut World| world.observed().registry = Err(RegistryProblem::BadAddress { secret: "s".to_owned(), key: "registryAddress", rule: "must not hold spaces" }),
    "RegistryConfigMissing Key registryAddress of Secret s in namespace n must not hold spaces".to_owned(),
)]
fn what_is_missing_is_named_with_the_remedy_and_nothing_is_made(
    #[case] change: fn(&mut World),
    #[case] expected: String,
) {
    let mut world = World::inline();
    change(&mut world);
    assert_eq!(world.pass(), (vec![], vec![format!("ConfigurationReady=False {expected}")]));
}

#[test]
fn what_belongs_to_others_is_never_overwritten() {
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(true, "");
    world.observed().taken.insert((Kind::Service, "f".to_owned()));
    let (did, said) = world.pass();
    assert_eq!(did, ["note digest on Job f-build-2g45c", "create Deployment f-b2zg9"]);
    assert_eq!(
        said[0],
        "ConfigurationReady=False NameConflict Service f exists and does not belong to this Function: delete it, or give the Function another name"
    );
    assert!(world.rests());
    world.observed().taken.clear();
    assert_eq!(world.pass().0, ["create Service f"]);
    assert_eq!(world.pass().1[0], CONFIGURED);
}

#[rstest]
#[case(
    Kind::ConfigMap,
    "f-b2zg9",
    "ConfigurationReady=False SourceUpdateFailed ConfigMap f-b2zg9 was refused: too long"
)]
#[case(Kind::Job, "f-build-2g45c", "BuildReady=False JobFailed Job f-build-2g45c was refused: too long")]
#[case(
    Kind::Deployment,
    "f-b2zg9",
    "Running=False DeploymentFailed Deployment f-b2zg9 was refused: too long"
)]
#[case(Kind::Service, "f", "Running=False DeploymentFailed Service f was refused: too long")]
fn what_the_api_server_refuses_is_told(#[case] kind: Kind, #[case] name: &str, #[case] expected: &str) {
    let mut world = World::inline();
    let (name, message) = (name.to_owned(), "too long".to_owned());
    world.observed().refused = Some(Refusal { kind, name, message });
    world.run();
    assert!(world.conditions().contains(&expected.to_owned()), "{:?}", world.conditions());
}

#[test]
fn drift_is_repaired() {
    let mut world = World::inline();
    world.run();
    world.observed().service.0.as_mut().unwrap()["spec"]["selector"] = json!({"app": "other"});
    assert_eq!(world.pass().0, ["apply Service f"]);
    world.observed().config_map = Stored(None);
    assert_eq!(world.pass().0, ["create ConfigMap f-b2zg9"]);
}

#[test]
fn what_the_reference_implementation_left_goes_once_ours_runs() {
    let mut world = World::inline();
    let leftover = |kind, name: &str| Leftover { kind, name: name.to_owned() };
    world.observed().leftovers =
        vec![leftover(Kind::Deployment, "f-xv6pc"), leftover(Kind::ConfigMap, "f-nxjdp")];
    world.pass();
    world.simulation.end_job(true, "");
    let noted = "note digest on Job f-build-2g45c";
    assert_eq!(world.pass().0, [noted, "create Deployment f-b2zg9", "create Service f"]);
    assert_eq!(world.pass().0, [""; 0]);
    world.simulation.roll_out();
    assert_eq!(world.pass().0, ["delete Deployment f-xv6pc", "delete ConfigMap f-nxjdp"]);
    assert_eq!(world.pass().0, [""; 0]);
}
