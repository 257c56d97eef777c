//! Deployments that do not become ready, and the status of a Function once one is ready.

use super::*;

const NOT_READY: &str = "is not ready yet";

/// A Function whose Deployment has been waiting for some seconds.
fn waiting(seconds: u64) -> World {
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(true, "");
    world.pass();
    world.pass();
    world.later(Duration::from_secs(seconds - 1));
    world
}

fn running(world: &mut World) -> String {
    world.pass().1[2].clone()
}

#[test]
fn a_function_that_runs_says_where_and_what() {
    let mut world = waiting(1);
    let status = |world: &World| world.simulation.status().clone();
    assert_eq!(world.ready(), format!("Ready=Unknown DeploymentWaiting Deployment {CHILD} {NOT_READY}"));
    assert_eq!((status(&world).replicas, status(&world).is_ready()), (None, false));
    world.simulation.roll_out();
    world.pass();
    assert_eq!(world.ready(), format!("Ready=True DeploymentReady Deployment {CHILD} is ready"));
    let Status { image, url, replicas, .. } = status(&world);
    assert_eq!((url.as_deref(), replicas), (Some("http://f.n.svc"), Some(1)));
    assert_eq!(image, Some(world.image()));
    assert!(status(&world).is_ready());
    // During the build of another image, the old one still runs, and the Function is not ready.
    world.change(&json!({"spec": {"source": "y"}}));
    world.pass();
    assert_eq!(world.ready(), format!("Ready=Unknown JobCreated Job {OTHER_JOB} created"));
    assert_eq!(status(&world).image, image);
}

#[test]
fn pods_are_asked_once_a_deployment_has_waited_for_a_while() {
    let mut world = waiting(9);
    let plan = world.simulation.decide();
    assert_eq!((plan.question, plan.wake), (None, Some(Duration::from_secs(1))));
    for (seconds, pause) in [(2, 10), (101, 28), (10_000, 300)] {
        world.later(Duration::from_secs(seconds));
        let plan = world.simulation.decide();
        assert_eq!((plan.question, plan.wake), (Some(Question::Pods), Some(Duration::from_secs(pause))));
    }
}

#[test]
fn what_pods_fail_for_is_said_until_they_are_ready() {
    let mut world = waiting(11);
    let why = "Pod f-1 crashes: Error, exit code 1";
    world.observed().answers.pods = Some(Start::Hindered(why.to_owned()));
    let failed = format!("Running=False DeploymentFailed Deployment {CHILD} failed: {why}");
    assert_eq!(running(&mut world), failed);
    assert_eq!(world.ready(), failed.replace("Running", "Ready"));
    // The report is kept: the Pods are requested again at once.
    world.observed().answers.pods = None;
    assert_eq!(world.simulation.decide().question, Some(Question::Pods));
    world.observed().answers.pods = Some(Start::Waits("Pod f-2 runs, and is not ready".to_owned()));
    let waits = format!("Deployment {CHILD} {NOT_READY}: Pod f-2 runs, and is not ready");
    assert_eq!(running(&mut world), format!("Running=Unknown DeploymentWaiting {waits}"));
    world.observed().answers.pods = None;
    world.simulation.roll_out();
    assert_eq!(running(&mut world), format!("Running=True DeploymentReady Deployment {CHILD} is ready"));
    assert_eq!(world.simulation.decide().wake, None);
}

#[test]
fn a_deployment_that_gives_up_says_why() {
    let mut world = waiting(1);
    let message = "ReplicaSet \"f-1\" has timed out progressing.";
    let progressing = json!({"type": "Progressing", "status": "False", "message": message});
    world.simulation.set_deployment(&json!([progressing]));
    let failed = format!("Running=False DeploymentFailed Deployment {CHILD} failed:");
    assert_eq!(running(&mut world), format!("{failed} {message}"));
    // What Pods report takes precedence.
    world.observed().answers.pods = Some(Start::Hindered("Pod f-1 crashes".to_owned()));
    assert_eq!(running(&mut world), format!("{failed} Pod f-1 crashes"));
    // Without a report of Pods, the conditions of the Deployment are used.
    let refused = json!({"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"});
    world.simulation.set_deployment(&json!([progressing, refused]));
    assert_eq!(running(&mut world), format!("{failed} no Pod was created: exceeded quota: q"));
}
