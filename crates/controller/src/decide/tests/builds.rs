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
    assert_eq!(plan.question, Some(Question::Report("f-build-2g45c".to_owned())));
    assert_eq!(plan.wake, Some(Duration::from_secs(30 * 60 - 1)));

    world.0.observed.report = Some(Report { words: Some("npm ERR! 404".to_owned()) });
    assert_eq!(world.pass().1[1], format!("{failed}npm ERR! 404"));
    world.0.observed.report = None;
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
        world.0.observed.report = Some(Report { words: Some(words.to_owned()) });
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
    let noted = "note digest on Job f-build-sv4c8";
    assert_eq!(world.pass().0, [noted, "create Deployment f-b2zg9", "create Service f"]);
    assert!(world.image().contains(&world.0.observed.jobs[0].image[30..]), "the image is the same");

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
    assert_eq!(world.pass().0, ["note digest on Job f-build-knkrp", "apply Deployment f-b2zg9"]);
    assert_ne!(world.image(), old);
}

#[test]
fn what_runs_is_the_digest_that_the_builder_reports() {
    let mut world = World::inline();
    world.pass();
    world.0.end_job(true, "");
    let digest = format!("sha256:{}", "5".repeat(64));
    world.0.observed.report = Some(Report { words: Some(digest.clone()) });
    let noted = format!("note digest on Job f-build-2g45c {digest}");
    assert_eq!(world.pass().0, [noted.as_str(), "create Deployment f-b2zg9", "create Service f"]);
    assert!(world.image().ends_with(&format!("@{digest}")), "{}", world.image());
    world.0.observed.report = None;
    world.0.roll_out();
    world.pass();
    // Without the Job, the digest stands in the Deployment.
    world.0.observed.jobs.clear();
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn a_builder_that_reports_no_digest_has_failed() {
    for words in [None, Some("done"), Some("sha256:abc"), Some("sha256:../../x@sha256:y")] {
        let mut world = World::inline();
        world.pass();
        world.0.end_job(true, "");
        world.0.observed.report = Some(Report { words: words.map(str::to_owned) });
        let why = "the builder reports no digest of the image: it must write it to /dev/termination-log, as kaniko does with --digest-file";
        let (did, said) = world.pass();
        assert_eq!(did, [format!("note failure on Job f-build-2g45c {why}")]);
        assert_eq!(said[1], format!("BuildReady=False JobFailed Job f-build-2g45c failed: {why}"));
        let before = world.0.function.status.clone();
        assert_eq!((world.pass().0, &world.0.function.status), (vec![], &before));
        world.later(Duration::from_mins(30));
        assert_eq!(world.pass().0, ["create Job f-build-sv4c8"]);
    }
}

/// An image that an earlier version of the controller has deployed runs on by its tag.
#[test]
fn an_image_that_runs_by_its_tag_is_left_alone() {
    let mut world = World::inline();
    world.run();
    let image = world.image().split('@').next().unwrap().to_owned();
    let deployment = world.0.observed.deployment.0.as_mut().unwrap();
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
    let deployment = world.0.observed.deployment.clone();
    world.0.observed.jobs.clear();
    assert_eq!(world.pass().0, ["apply Deployment f-b2zg9"], "the mark differs");
    assert_eq!(world.image(), {
        let deployment = deployment.0.unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    });
}

#[test]
fn a_job_without_a_pod_is_ended_and_says_why() {
    let mut world = World::inline();
    world.pass();
    let decide =
        |world: &World| decide(&world.0.config, &world.0.function, &world.0.observed, Time(world.0.now));
    assert_eq!((decide(&world).wake, decide(&world).question), (Some(Duration::from_secs(90)), None));
    world.later(Duration::from_secs(89));
    assert_eq!((decide(&world).wake, decide(&world).question), (Some(Duration::from_secs(1)), None));
    world.later(Duration::from_secs(1));
    assert_eq!(decide(&world).question, Some(Question::Start("f-build-2g45c".to_owned())));
    world.0.observed.start = Some(Start::Waits("ContainerCreating".to_owned()));
    assert_eq!((decide(&world).wake, decide(&world).steps), (Some(Duration::from_secs(10)), vec![]));
    world.0.observed.start = Some(Start::Runs);
    assert_eq!((decide(&world).wake, decide(&world).steps), (None, vec![]));

    let why = "no Pod was created: violates PodSecurity";
    world.0.observed.start = Some(Start::Hindered(why.to_owned()));
    let (did, said) = world.pass();
    assert_eq!(did, [format!("end Job f-build-2g45c {why}")]);
    let failed = format!("BuildReady=False JobFailed Job f-build-2g45c failed: {why}");
    assert_eq!(said[1], failed);
    // The Job controller ends it, in its own words.
    world.0.end_job(false, "Job was active longer than specified deadline");
    let (did, said) = world.pass();
    assert_eq!((did, &said[1]), (vec![], &failed));
}

#[test]
fn a_pod_that_never_gets_further_is_not_waited_for() {
    let mut world = World::inline();
    world.pass();
    world.0.observed.start = Some(Start::Waits("its Pod does not start: ContainerCreating".to_owned()));
    world.later(Duration::from_mins(5) - Duration::from_secs(2));
    assert_eq!(world.pass().0, [""; 0]);
    world.later(Duration::from_secs(1));
    assert_eq!(world.pass().0, ["end Job f-build-2g45c its Pod does not start: ContainerCreating"]);
}

#[test]
fn a_job_that_runs_or_is_suspended_is_not_asked_for() {
    for change in [|job: &mut BuildJob| job.has_started = true, |job: &mut BuildJob| job.is_suspended = true]
    {
        let mut world = World::inline();
        world.pass();
        change(Arc::make_mut(&mut world.0.observed.jobs[0]));
        world.later(Duration::from_mins(50));
        let plan = decide(&world.0.config, &world.0.function, &world.0.observed, Time(world.0.now));
        assert_eq!((plan.question, plan.wake), (None, None));
    }
}

#[test]
fn an_attempt_that_nobody_can_have_made_is_no_number() {
    for text in ["4294967295", "4294967296", "-1", "x"] {
        let mut job = serde_json::json!({"metadata": {"name": "j", "namespace": "n", "uid": "u"}});
        job["metadata"]["ownerReferences"] =
            serde_json::json!([{"kind": "Function", "name": "f", "uid": "u-1", "controller": true}]);
        job["metadata"]["annotations"] = serde_json::json!({"serverless.kyma-project.io/attempt": text});
        let owner = &mut job["metadata"]["ownerReferences"][0];
        owner["apiVersion"] = "serverless.kyma-project.io/v1alpha1".into();
        let job = BuildJob::of(&crate::object::Object::of(&job).unwrap()).unwrap();
        assert_eq!(job.attempt, 1, "{text}");
    }
}
