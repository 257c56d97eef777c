//! Builds that wait, fail and are retried.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::JobStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;

/// The second attempt of the first build, and a build that the annotation requests.
const SECOND_JOB: &str = "f-build-sv4c8";
const REBUILD_JOB: &str = "f-build-knkrp";

#[test]
fn a_build_waits_for_a_slot_and_says_how_long() {
    let mut world = World::inline();
    world.simulation.place = 3;
    let (did, said) = world.pass();
    assert_eq!(did, texts!["create ConfigMap {CHILD}"]);
    assert_eq!(said[1], "BuildReady=Unknown BuildQueued Waiting for a build slot: place 3 in the queue");
    assert_eq!(world.ready(), said[1].replace("BuildReady", "Ready"));
    for (place, seconds) in [(3, 10), (40, 40), (2000, 300)] {
        world.simulation.place = place;
        let plan = world.simulation.pass();
        assert_eq!(plan.wake, Some(Duration::from_secs(seconds)), "to update the place");
    }
    world.simulation.place = 0;
    assert_eq!(world.pass().0, texts!["create Job {JOB}"]);
    assert_eq!(world.ready(), format!("Ready=Unknown JobCreated Job {JOB} created"));
}

#[test]
fn a_failed_build_says_what_its_container_said_and_keeps_its_words() {
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(false, "Job has reached the specified backoff limit");
    world.later(Duration::from_secs(1));
    let failed = format!("BuildReady=False JobFailed Job {JOB} failed: ");
    let plan = world.simulation.decide();
    assert_eq!(plan.question, Some(Question::Report(JOB.to_owned())));
    assert_eq!(plan.wake, Some(Duration::from_secs(30 * 60 - 1)));

    world.observed().answers.report = Some(Report { words: Some("npm ERR! 404".to_owned()) });
    assert_eq!(world.pass().1[1], format!("{failed}npm ERR! 404"));
    world.observed().answers.report = None;
    assert!(world.rests());
    // If the container reports nothing, the message of the Job is used.
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(false, "Job was active longer than specified deadline");
    assert_eq!(world.pass().1[1], format!("{failed}Job was active longer than specified deadline"));
}

#[test]
fn a_failed_build_is_tried_again_after_a_while_and_the_one_before_goes() {
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(false, "no");
    world.later(Duration::from_mins(30));
    let (did, said) = world.pass();
    assert_eq!(did, texts!["create Job {SECOND_JOB}"]);
    assert_eq!(said[1], format!("BuildReady=Unknown JobCreated Job {SECOND_JOB} created"));
    assert_eq!(world.observed().jobs[1].attempt, 2);
    assert_eq!(world.pass().0, texts!["delete Job {JOB}"]);
    world.simulation.end_job(true, "");
    assert_eq!(
        world.pass().0,
        texts!["note digest on Job {SECOND_JOB}", "create Deployment {CHILD}", "create Service f"]
    );
    assert!(world.image().contains(&world.observed().jobs[0].image[30..]), "the image is the same");

    let mut world = World::inline();
    world.simulation.config.build_retry = None;
    world.pass();
    world.simulation.end_job(false, "no");
    world.later(Duration::from_hours(1000));
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn other_credentials_are_tried_sooner_and_less_soon_each_time() {
    let mut world = World::inline();
    world.pass();
    for (attempt, pause) in [(1, 1), (2, 2), (3, 4)] {
        world.simulation.end_job(false, "no");
        world.observed().registry.as_mut().unwrap().version = format!("7{attempt}");
        let plan = world.simulation.decide();
        assert_eq!((plan.build, plan.wake), (None, Some(Duration::from_secs(pause))));
        world.later(Duration::from_secs(pause));
        world.pass();
        assert_eq!(world.observed().jobs.last().unwrap().attempt, attempt + 1);
    }
    // They do not change a Function that runs.
    let mut world = World::inline();
    world.run();
    world.observed().registry.as_mut().unwrap().version = "8".to_owned();
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn the_annotation_rebuilds_and_rolls_out_what_runs() {
    let mut world = World::inline();
    world.run();
    let old = world.image();
    world.change(&json!({"metadata": {"annotations": {(api::names::REBUILD): "1"}}}));
    assert_eq!(world.pass().0, texts!["delete Job {JOB}", "create Job {REBUILD_JOB}"]);
    world.simulation.end_job(true, "");
    assert_eq!(world.pass().0, texts!["note digest on Job {REBUILD_JOB}", "apply Deployment {CHILD}"]);
    assert_ne!(world.image(), old);
}

#[test]
fn what_runs_is_the_digest_that_the_builder_reports() {
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(true, "");
    let digest = format!("sha256:{}", "5".repeat(64));
    world.observed().answers.report = Some(Report { words: Some(digest.clone()) });
    assert_eq!(
        world.pass().0,
        texts!["note digest on Job {JOB} {digest}", "create Deployment {CHILD}", "create Service f"]
    );
    assert!(world.image().ends_with(&format!("@{digest}")), "{}", world.image());
    world.observed().answers.report = None;
    world.simulation.roll_out();
    world.pass();
    // Without the Job, the digest comes from the Deployment.
    world.observed().jobs.clear();
    assert_eq!(world.pass().0, [""; 0]);
}

#[test]
fn a_builder_that_reports_no_digest_has_failed() {
    for words in [None, Some("done"), Some("sha256:abc"), Some("sha256:../../x@sha256:y")] {
        let mut world = World::inline();
        world.pass();
        world.simulation.end_job(true, "");
        world.observed().answers.report = Some(Report { words: words.map(str::to_owned) });
        let why = "the builder reports no digest of the image: build.executorImage must be an image of the engine in build.engine";
        let (did, said) = world.pass();
        assert_eq!(did, texts!["note failure on Job {JOB} {why}"]);
        assert_eq!(said[1], format!("BuildReady=False JobFailed Job {JOB} failed: {why}"));
        assert!(world.rests());
        world.later(Duration::from_mins(30));
        assert_eq!(world.pass().0, texts!["create Job {SECOND_JOB}"]);
    }
}

/// An image that an earlier version of the controller deployed keeps running by its tag.
#[test]
fn an_image_that_runs_by_its_tag_is_left_alone() {
    let mut world = World::inline();
    world.run();
    let image = world.image().split('@').next().unwrap().to_owned();
    let deployment = world.observed().deployment.0.as_mut().unwrap();
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
    let deployment = world.observed().deployment.clone();
    world.observed().jobs.clear();
    assert_eq!(world.pass().0, texts!["apply Deployment {CHILD}"], "the mark differs");
    assert_eq!(world.image(), {
        let deployment = deployment.0.unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    });
}

#[test]
fn a_job_without_a_pod_is_ended_and_says_why() {
    let mut world = World::inline();
    world.pass();
    let decide = |world: &World| world.simulation.decide();
    assert_eq!((decide(&world).wake, decide(&world).question), (Some(Duration::from_secs(90)), None));
    world.later(Duration::from_secs(89));
    assert_eq!((decide(&world).wake, decide(&world).question), (Some(Duration::from_secs(1)), None));
    world.later(Duration::from_secs(1));
    assert_eq!(decide(&world).question, Some(Question::Start(JOB.to_owned())));
    world.observed().answers.start = Some(Start::Waits("ContainerCreating".to_owned()));
    assert_eq!((decide(&world).wake, decide(&world).steps), (Some(Duration::from_secs(10)), vec![]));
    world.observed().answers.start = Some(Start::Runs);
    assert_eq!((decide(&world).wake, decide(&world).steps), (None, vec![]));

    let why = "no Pod was created: violates PodSecurity";
    world.observed().answers.start = Some(Start::Hindered(why.to_owned()));
    let (did, said) = world.pass();
    assert_eq!(did, texts!["end Job {JOB} {why}"]);
    let failed = format!("BuildReady=False JobFailed Job {JOB} failed: {why}");
    assert_eq!(said[1], failed);
    // The Job controller ends it, with its own message.
    world.simulation.end_job(false, "Job was active longer than specified deadline");
    let (did, said) = world.pass();
    assert_eq!((did, &said[1]), (vec![], &failed));
}

#[test]
fn a_pod_that_never_gets_further_is_not_waited_for() {
    let mut world = World::inline();
    world.pass();
    world.observed().answers.start =
        Some(Start::Waits("its Pod does not start: ContainerCreating".to_owned()));
    world.later(Duration::from_mins(5) - Duration::from_secs(2));
    assert_eq!(world.pass().0, [""; 0]);
    world.later(Duration::from_secs(1));
    assert_eq!(world.pass().0, texts!["end Job {JOB} its Pod does not start: ContainerCreating"]);
}

#[test]
fn a_job_that_runs_or_is_suspended_is_not_asked_for() {
    for change in [|job: &mut BuildJob| job.has_started = true, |job: &mut BuildJob| job.is_suspended = true]
    {
        let mut world = World::inline();
        world.pass();
        change(Arc::make_mut(&mut world.observed().jobs[0]));
        world.later(Duration::from_mins(50));
        let plan = world.simulation.decide();
        assert_eq!((plan.question, plan.wake), (None, None));
    }
}

#[test]
fn an_attempt_that_nobody_can_have_made_is_no_number() {
    for text in ["4294967295", "4294967296", "-1", "x"] {
        let owner = json!({
            "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "name": "f", "uid": "u-1", "controller": true,
        });
        let metadata = json!({
            "name": "j", "namespace": "n", "uid": "u", "ownerReferences": [owner],
            "annotations": {"serverless.kyma-project.io/attempt": text},
        });
        let metadata: ObjectMeta = serde_json::from_value(metadata).unwrap();
        let job = BuildJob::of(&metadata, false, &JobStatus::default()).unwrap();
        assert_eq!(job.attempt, 1, "{text}");
    }
}

#[test]
fn a_pod_that_has_pushed_is_believed_before_its_job_says_so() {
    let report = |words: Option<&str>| Some(Report { words: words.map(str::to_owned) });
    let mut world = World::inline();
    world.pass();
    world.observed().stopped = [JOB.to_owned()].into();
    assert_eq!(world.simulation.decide().question, Some(Question::Report(JOB.to_owned())));
    // A build that has failed pushes nothing: its Job tells it.
    for nothing in [None, Some("Error, exit code 1"), Some("The node was low on resource: memory.")] {
        world.observed().answers.report = report(nothing);
        let plan = world.simulation.decide();
        assert_eq!((plan.steps, plan.question), (vec![], None), "{nothing:?}");
    }
    world.observed().answers.report = report(Some(DIGEST));
    let (did, said) = world.pass();
    let deployed = texts!["note digest on Job {JOB}", "create Deployment {CHILD}", "create Service f"];
    assert_eq!(did, deployed);
    assert_eq!(said[1], format!("BuildReady=True JobFinished Job {JOB} finished"));
    // Nobody is asked again, and the end of the Job changes nothing.
    world.observed().answers.report = None;
    world.observed().deployment.0 = None;
    assert_eq!(world.simulation.decide().question, None);
    assert_eq!(world.pass().0, texts!["create Deployment {CHILD}"]);
    world.simulation.end_job(true, "");
    world.simulation.roll_out();
    assert!(world.pass().0.is_empty() && world.rests());
}

#[test]
fn a_job_that_was_ended_is_not_believed() {
    let mut world = World::inline();
    world.pass();
    world.later(Duration::from_secs(90));
    world.observed().answers.start = Some(Start::Hindered("no Pod was created: no".to_owned()));
    world.pass();
    world.observed().stopped = [JOB.to_owned()].into();
    world.observed().answers.report = Some(Report { words: Some(DIGEST.to_owned()) });
    assert_eq!(
        world.pass().1[1],
        format!("BuildReady=False JobFailed Job {JOB} failed: no Pod was created: no")
    );
}

#[rstest]
#[case::buildkit(
    crate::function::Engine::Buildkit,
    &["--registry-auth-tlscontext=host=registry.example.com:5000,ca=/docker/ca.crt"],
    &["APP_REGISTRY=registry.example.com:5000", "APP_REGISTRY_CA=/docker/ca.crt"]
)]
#[case::kaniko(
    crate::function::Engine::Kaniko,
    &["--registry-certificate=registry.example.com:5000=/docker/ca.crt"],
    &[]
)]
fn a_build_trusts_the_authority_in_the_registry_secret(
    #[case] engine: crate::function::Engine,
    #[case] args: &[&str],
    #[case] env: &[&str],
) {
    let mut world = World::inline();
    world.simulation.config.engine = engine;
    let build = |world: &mut World| {
        world.later(Duration::from_secs(1));
        let steps = world.simulation.pass().steps;
        let job = steps.into_iter().find_map(|step| match step {
            Step::Create(wanted) if wanted.kind == Kind::Job => Some(wanted.object),
            _ => None,
        });
        let pod = job.unwrap()["spec"]["template"]["spec"].clone();
        let texts = |value: &Value| value.as_array().unwrap().clone();
        let container = &pod["containers"][0];
        let about = |text: &str| text.contains("ca.crt");
        let args: Vec<_> = texts(&container["args"])
            .iter()
            .map(|arg| arg.as_str().unwrap().to_owned())
            .filter(|arg| about(arg))
            .collect();
        let env: Vec<_> = texts(&container["env"])
            .iter()
            .map(|variable| {
                format!("{}={}", variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap())
            })
            .filter(|variable| variable.starts_with("APP_REGISTRY"))
            .collect();
        let volume =
            texts(&pod["volumes"]).into_iter().find(|volume| volume["name"] == "credentials").unwrap();
        let keys: Vec<_> = texts(&volume["secret"]["items"])
            .iter()
            .map(|item| item["key"].as_str().unwrap().to_owned())
            .collect();
        (args, env, keys)
    };
    let mut with_authority = World::inline();
    with_authority.simulation.config.engine = engine;
    let registry = with_authority.observed().registry.as_mut().unwrap();
    registry.has_authority = true;
    registry.push = "registry.example.com:5000/team".to_owned();
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let expected = (owned(args), owned(env), owned(&[".dockerconfigjson", "ca.crt"]));
    assert_eq!(build(&mut with_authority), expected);
    // Most registries have none of their own, and their builds stay as they were.
    assert_eq!(build(&mut world), (vec![], vec![], owned(&[".dockerconfigjson"])));
}
