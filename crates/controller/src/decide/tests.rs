//! Functions on a cluster that is played: what is applied is stored, with an owner and a few defaults as an API server adds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod world;

use rstest::rstest;
use serde_json::json;

use super::*;
use world::World;

const CONFIGURED: &str = "ConfigurationReady=True ConfigMapCreated ConfigMap f-b2zg9 created";

#[test]
fn an_inline_function_goes_from_nothing_to_running_in_three_passes_and_then_rests() {
    let mut world = World::inline();
    let (did, said) = world.pass();
    assert_eq!(did, ["apply ConfigMap f-b2zg9", "apply Job f-build-88ttr"]);
    assert_eq!(said, [CONFIGURED, "BuildReady=Unknown JobCreated Job f-build-88ttr created"]);

    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    assert_eq!(said, [CONFIGURED, "BuildReady=Unknown JobRunning Job f-build-88ttr is still in progress"]);

    world.finish_job("Complete", "");
    let (did, said) = world.pass();
    assert_eq!(did, ["apply Deployment f-b2zg9", "apply Service f"]);
    let built = "BuildReady=True JobFinished Job f-build-88ttr finished";
    assert_eq!(said, [CONFIGURED, built, "Running=Unknown ServiceCreated Service f created"]);

    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    let waiting = "Running=Unknown DeploymentWaiting Deployment f-b2zg9 is not ready yet";
    assert_eq!(said, [CONFIGURED, built, waiting]);

    world.roll_out();
    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    assert_eq!(said, [CONFIGURED, built, "Running=True DeploymentReady Deployment f-b2zg9 is ready"]);

    let before = world.function.status.clone();
    assert_eq!((world.pass().0, &world.function.status), (vec![], &before));
}

#[test]
fn a_time_of_transition_changes_with_the_status_alone() {
    let mut world = World::inline();
    let times = |world: &World| -> Vec<Value> {
        let status = serde_json::to_value(&world.function.status).unwrap();
        status["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|condition| condition["lastTransitionTime"].clone())
            .collect()
    };
    world.run();
    let (first, third) = (json!("2026-11-21T00:00:01Z"), json!("2026-11-21T00:00:03Z"));
    assert_eq!(times(&world), [first, json!("2026-11-21T00:00:02Z"), third]);
}

#[test]
fn a_new_source_is_built_while_the_old_one_runs() {
    let mut world = World::inline();
    world.run();
    let image = |world: &World| {
        world.observed.deployment.0.as_ref().unwrap()["spec"]["template"]["spec"]["containers"][0]["image"]
            .clone()
    };
    let old = image(&world);
    world.function.spec.source = "y".to_owned();
    let (did, said) = world.pass();
    assert_eq!(did, ["apply ConfigMap f-b2zg9", "delete Job f-build-88ttr", "apply Job f-build-tlq4p"]);
    assert_eq!(said[2], "Running=True DeploymentReady Deployment f-b2zg9 is ready");
    assert_eq!(image(&world), old);
    world.finish_job("Complete", "");
    assert_eq!(world.pass().0, ["apply Deployment f-b2zg9"]);
    assert_ne!(image(&world), old);
}

#[rstest]
#[case::env(json!({"env": [{"name": "A", "value": "1"}]}), &["apply Deployment f-b2zg9"])]
#[case::labels(json!({"labels": {"a": "b"}}), &["apply Deployment f-b2zg9"])]
#[case::resources(json!({"resources": {"limits": {"cpu": "0.5"}}}), &["apply Deployment f-b2zg9"])]
#[case::replicas(json!({"minReplicas": 2, "maxReplicas": 2}), &["apply Deployment f-b2zg9"])]
#[case::build_resources(json!({"buildResources": {"limits": {"cpu": "1"}}}), &[])]
#[case::scaled(json!({"maxReplicas": 3}), &["apply Deployment f-b2zg9", "apply HorizontalPodAutoscaler f-b2zg9"])]
#[case::blank_dependencies(json!({"deps": " \n"}), &[])]
fn what_does_not_go_into_the_image_builds_none(#[case] change: Value, #[case] expected: &[&str]) {
    let mut world = World::inline();
    world.run();
    let mut spec = serde_json::to_value(&world.function.spec).unwrap();
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    world.function.spec = serde_json::from_value(spec).unwrap();
    assert_eq!(world.pass().0, expected);
    world.roll_out();
    world.pass();
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn an_autoscaler_that_is_no_longer_wanted_goes() {
    let mut world =
        World::new(&json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 3}));
    world.run();
    assert!(world.observed.deployment.0.as_ref().unwrap()["spec"].get("replicas").is_none());
    world.function.spec.max_replicas = Some(1);
    assert_eq!(world.pass().0, ["apply Deployment f-b2zg9", "delete HorizontalPodAutoscaler f-b2zg9"]);
}

#[test]
fn a_job_that_is_gone_is_not_built_again_once_its_image_is_deployed() {
    let mut world = World::inline();
    world.run();
    world.observed.jobs.clear();
    let before = world.function.status.clone();
    assert_eq!((world.pass().0, &world.function.status), (vec![], &before));
}

#[test]
fn a_build_waits_for_a_slot_and_says_how_long() {
    let mut world = World::inline();
    world.observed.builds_ahead = 3;
    let (did, said) = world.pass();
    assert_eq!(did, ["apply ConfigMap f-b2zg9"]);
    assert_eq!(said[1], "BuildReady=Unknown BuildQueued Waiting for a free build slot: 3 in front");
    world.observed.builds_ahead = 0;
    assert_eq!(world.pass().0, ["apply Job f-build-88ttr"]);
}

#[test]
fn failures_are_told() {
    let mut world = World::inline();
    world.pass();
    world.finish_job("Failed", "Job has reached the specified backoff limit");
    let (did, said) = world.pass();
    assert_eq!(did, [""; 0]);
    assert_eq!(
        said[1],
        "BuildReady=False JobFailed Job f-build-88ttr failed: Job has reached the specified backoff limit"
    );

    let mut world = World::inline();
    world.run();
    let progressing =
        json!({"type": "Progressing", "status": "False", "message": "ReplicaSet has timed out progressing."});
    world.observed.deployment.0.as_mut().unwrap()["status"]["conditions"] = json!([progressing]);
    let (_, said) = world.pass();
    assert_eq!(
        said[2],
        "Running=False DeploymentFailed Deployment f-b2zg9 failed: ReplicaSet has timed out progressing."
    );
}

#[test]
fn what_is_missing_is_named_with_the_remedy_and_nothing_is_made() {
    let missing = |change: fn(&mut World)| {
        let mut world = World::inline();
        change(&mut world);
        world.pass()
    };
    let unknown = missing(|world| world.function.spec.runtime = Some("go".to_owned()));
    let text = r#"ConfigurationReady=False RuntimeMissing Runtime "go" is not configured; known runtimes: nodejs10, nodejs12, python38"#;
    assert_eq!(unknown, (vec![], vec![text.to_owned()]));
    let no_runtime = missing(|world| world.observed.runtime_image = None);
    let text = "ConfigurationReady=False RuntimeMissing Not just one ConfigMap in namespace n has the labels serverless.kyma-project.io/config=runtime and serverless.kyma-project.io/runtime=nodejs12";
    assert_eq!(no_runtime, (vec![], vec![text.to_owned()]));
    let no_registry = missing(|world| world.observed.registry = None);
    let text = "ConfigurationReady=False RegistryConfigMissing Neither Secret serverless-registry-config nor serverless-registry-config-default is in namespace n";
    assert_eq!(no_registry, (vec![], vec![text.to_owned()]));
}

#[test]
fn what_belongs_to_others_is_never_overwritten() {
    let mut world = World::inline();
    world.pass();
    world.finish_job("Complete", "");
    world.observed.service = Stored(Some(json!({"metadata": {"name": "f"}, "spec": {"ports": []}})));
    let (did, said) = world.pass();
    assert_eq!(did, ["apply Deployment f-b2zg9"]);
    assert_eq!(
        said[0],
        "ConfigurationReady=False NameConflict Service f exists and does not belong to this Function: delete it, or give the Function another name"
    );
    let before = world.function.status.clone();
    assert_eq!((world.pass().0, &world.function.status), (vec![], &before));
}

#[test]
fn drift_is_repaired() {
    let mut world = World::inline();
    world.run();
    world.observed.service.0.as_mut().unwrap()["spec"]["selector"] = json!({"app": "other"});
    assert_eq!(world.pass().0, ["apply Service f"]);
    world.observed.config_map = Stored(None);
    assert_eq!(world.pass().0, ["apply ConfigMap f-b2zg9"]);
}
