//! Builds that wait, fail, and are tried again.

use super::super::*;
use super::world::World;

#[test]
fn a_build_waits_for_a_slot_and_says_how_long() {
    let mut world = World::inline();
    world.0.observed.builds_ahead = 3;
    let (did, said) = world.pass();
    assert_eq!(did, ["create ConfigMap f-b2zg9"]);
    assert_eq!(said[1], "BuildReady=Unknown BuildQueued Waiting for a free build slot: 3 in front");
    for (ahead, seconds) in [(3, 10), (40, 40), (2000, 300)] {
        world.0.observed.builds_ahead = ahead;
        let plan = decide(&world.0.config, &world.0.function, &world.0.observed, Time(world.0.now));
        assert_eq!(plan.wake, Some(Duration::from_secs(seconds)), "to say anew how many are in front");
    }
    world.0.observed.builds_ahead = 0;
    assert_eq!(world.pass().0, ["create Job f-build-2g45c"]);
}

#[test]
fn a_failed_build_says_what_its_container_said_and_keeps_its_words() {
    let mut world = World::inline();
    world.pass();
    world.0.end_job(false, "Job has reached the specified backoff limit");
    world.later(Duration::from_secs(1));
    let failed = "BuildReady=False JobFailed Job f-build-2g45c failed: ";
    let plan = decide(&world.0.config, &world.0.function, &world.0.observed, Time(world.0.now));
    assert_eq!(plan.failed_job.as_deref(), Some("f-build-2g45c"));
    assert_eq!(plan.wake, Some(Duration::from_secs(30 * 60 - 1)));

    world.0.observed.last_words = Some("npm ERR! 404".to_owned());
    assert_eq!(world.pass().1[1], format!("{failed}npm ERR! 404"));
    world.0.observed.last_words = None;
    let before = world.0.function.status.clone();
    assert_eq!((world.pass().0, &world.0.function.status), (vec![], &before));
    // A container that says nothing leaves the word to the Job.
    let mut world = World::inline();
    world.pass();
    world.0.end_job(false, "Job was active longer than specified deadline");
    assert_eq!(world.pass().1[1], format!("{failed}Job was active longer than specified deadline"));
}

#[test]
fn a_build_that_fails_for_credentials_names_their_secret() {
    let failed = |words: &str| {
        let mut world = World::inline();
        world.pass();
        world.0.end_job(false, "no");
        world.0.observed.last_words = Some(words.to_owned());
        let said = world.pass().1[1].clone();
        said.strip_prefix("BuildReady=False JobFailed Job f-build-2g45c failed: ").unwrap().to_owned()
    };
    let refused =
        "checking push permission for \"r/x\": UNAUTHORIZED: authentication required; [map[Action:pull]]";
    let remedy = " (the registry refuses the credentials of Secret serverless-registry-config: correct its username and password)";
    assert_eq!(failed(refused), format!("{refused}{remedy}"));
    assert_eq!(failed("npm ERR! 404"), "npm ERR! 404");
}

#[test]
fn a_failed_build_is_tried_again_after_a_while_and_the_one_before_goes() {
    let mut world = World::inline();
    world.pass();
    world.0.end_job(false, "no");
    world.later(Duration::from_mins(30));
    let (did, said) = world.pass();
    assert_eq!(did, ["create Job f-build-sv4c8"]);
    assert_eq!(said[1], "BuildReady=Unknown JobCreated Job f-build-sv4c8 created");
    assert_eq!(world.0.observed.jobs[1].attempt, 2);
    assert_eq!(world.pass().0, ["delete Job f-build-2g45c"]);
    world.0.end_job(true, "");
    assert_eq!(world.pass().0, ["create Deployment f-b2zg9", "create Service f"]);
    assert!(world.image().ends_with(&world.0.observed.jobs[0].image[30..]), "the image is the same");

    let mut world = World::inline();
    world.0.config.build_retry = None;
    world.pass();
    world.0.end_job(false, "no");
    world.later(Duration::from_hours(1000));
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn other_credentials_are_tried_sooner_and_less_soon_each_time() {
    let mut world = World::inline();
    world.pass();
    for (attempt, pause) in [(1, 1), (2, 2), (3, 4)] {
        world.0.end_job(false, "no");
        world.0.observed.registry.as_mut().unwrap().version = format!("7{attempt}");
        let mut plan = decide(&world.0.config, &world.0.function, &world.0.observed, Time(world.0.now));
        plan.steps.retain(|step| matches!(step, Step::Create(_)));
        assert_eq!((plan.steps, plan.wake), (vec![], Some(Duration::from_secs(pause))));
        world.later(Duration::from_secs(pause));
        world.pass();
        assert_eq!(world.0.observed.jobs.last().unwrap().attempt, attempt + 1);
    }
    // Of a Function that runs they change nothing.
    let mut world = World::inline();
    world.run();
    world.0.observed.registry.as_mut().unwrap().version = "8".to_owned();
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn the_annotation_rebuilds_and_rolls_out_what_runs() {
    let mut world = World::inline();
    world.run();
    let old = world.image();
    let annotations = BTreeMap::from([(api::names::REBUILD.to_owned(), "1".to_owned())]);
    world.0.function.metadata.annotations = Some(annotations);
    assert_eq!(world.pass().0, ["delete Job f-build-2g45c", "create Job f-build-knkrp"]);
    world.0.end_job(true, "");
    assert_eq!(world.pass().0, ["apply Deployment f-b2zg9"]);
    assert_ne!(world.image(), old);
}
