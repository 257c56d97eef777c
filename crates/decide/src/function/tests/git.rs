//! Functions of type `git`.

use super::*;

/// The build Job of [`COMMIT`], and that of another commit.
const GIT_JOB: &str = "f-build-ffplz";
const MOVED_JOB: &str = "f-build-tmtf4";

const COMMIT: &str = "649ed3e95dd9478785120a7572a71bdec2b0d660";

#[test]
fn a_git_function_is_built_from_the_commit_that_is_recorded() {
    let mut world = World::git();
    assert_eq!(world.pass(), (vec![], vec![]));
    world.observed().git.answer = Answer::Commit(COMMIT.to_owned());
    let (did, said) = world.pass();
    assert_eq!(did, texts!["create Job {GIT_JOB}"]);
    assert_eq!(said[0], "ConfigurationReady=True SourceUpdated Sources f updated");
    let status = world.simulation.status();
    assert_eq!(
        (status.commit.as_deref(), status.reference.as_deref(), status.base_dir.as_deref()),
        (Some(COMMIT), Some("main"), Some("/fn"))
    );
    world.simulation.end_job(true, "");
    world.pass();
    world.simulation.roll_out();
    world.pass();
    assert_eq!(world.pass().0, [""; 0]);
    let old = world.image();

    // The branch moves.
    world.observed().git.answer = Answer::Commit("b".repeat(40));
    assert_eq!(world.pass().0, texts!["delete Job {GIT_JOB}", "create Job {MOVED_JOB}"]);
    assert_eq!(world.image(), old);
    assert_eq!(world.simulation.status().commit, Some("b".repeat(40)));
}

#[test]
fn a_repository_that_cannot_be_asked_stops_nothing_that_runs() {
    let failed =
        |is_of_credentials, message: &str| Answer::Failed { is_of_credentials, message: message.to_owned() };
    let mut world = World::git();
    world.observed().git.answer = failed(true, "Secret s has no key \"key\"");
    let text =
        "ConfigurationReady=False GitCredentialsInvalid Sources update failed: Secret s has no key \"key\"";
    assert_eq!(world.pass(), (vec![], vec![text.to_owned()]));

    let mut world = World::git();
    world.observed().git.answer = Answer::Commit(COMMIT.to_owned());
    world.run();
    world.observed().git.answer = failed(false, "no answer within 30 s");
    world.change(&json!({"spec": {"env": [{"name": ""}]}}));
    let (did, said) = world.pass();
    assert_eq!(did, texts!["apply Deployment {CHILD}"]);
    assert_eq!(
        said[0],
        "ConfigurationReady=False SourceUpdateFailed Sources update failed: no answer within 30 s"
    );
    world.change(&json!({"spec": {"reference": "other"}}));
    assert_eq!(world.pass().0, [""; 0], "what was recorded is of another reference");
    world.observed().git = Git::default();
    assert_eq!(
        world.pass().1[0],
        "ConfigurationReady=False GitRepositoryMissing GitRepository repo is not in namespace n"
    );
}

#[test]
fn nothing_is_fetched_with_a_secret_that_is_not_known_to_be_for_it() {
    let mut world = World::git();
    world.observed().git.answer = Answer::Commit(COMMIT.to_owned());
    world.run();
    // The author names another server and another Secret: the commit stays the same.
    let remote = world.observed().git.remote.as_mut().unwrap();
    remote.url = "https://elsewhere.example.com/r.git".to_owned();
    let message = "Secret s is not for Git".to_owned();
    world.observed().git.answer = Answer::Failed { is_of_credentials: true, message };
    world.observed().git.is_withheld = true;
    let (did, said) = world.pass();
    assert_eq!(did, texts!["delete Job {GIT_JOB}"]);
    assert_eq!(
        said,
        texts![
            "ConfigurationReady=False GitCredentialsInvalid Sources update failed: Secret s is not for Git",
            "BuildReady=Unknown BuildQueued Waiting until the GitRepository and its Secret are usable",
            "Running=True DeploymentReady Deployment {CHILD} is ready",
        ]
    );
    assert_eq!(world.pass().0, [""; 0]);
    world.observed().git.answer = Answer::Commit(COMMIT.to_owned());
    world.observed().git.is_withheld = false;
    assert!(world.pass().0[0].starts_with("create Job "));
}

#[test]
fn a_repository_that_is_being_deleted_is_not_used() {
    let mut world = World::git();
    world.observed().git = Git { is_deleted: true, ..Git::default() };
    let text = "ConfigurationReady=False GitRepositoryMissing GitRepository repo is being deleted: recreate it, or name another one in spec.source";
    assert_eq!(world.pass(), (vec![], vec![text.to_owned()]));
}

#[test]
fn a_function_that_becomes_inline_forgets_its_commit_and_back() {
    let mut world = World::git();
    world.observed().git.answer = Answer::Commit(COMMIT.to_owned());
    world.run();
    world.change(&json!({"spec": {"type": null}}));
    assert_eq!(world.pass().0[0], format!("create ConfigMap {CHILD}"));
    assert_eq!(world.simulation.status().commit, None);
    world.simulation.end_job(true, "");
    world.pass();
    world.simulation.roll_out();
    world.pass();
    world.change(&json!({"spec": {"type": "git"}}));
    world.pass();
    world.simulation.end_job(true, "");
    world.pass();
    world.simulation.roll_out();
    assert_eq!(world.pass().0, texts!["delete ConfigMap {CHILD}"]);
    assert_eq!(world.pass().0, [""; 0]);
}
