//! What a Function needs and does not find.

use super::*;

const LABELS: &str = "has the labels serverless.kyma-project.io/config=runtime and serverless.kyma-project.io/runtime=nodejs12";

#[rstest]
#[case::runtime_unknown(
    |world: &mut World| world.change(&json!({"spec": {"runtime": "go"}})),
    "RuntimeMissing Runtime \"go\" is not known; known runtimes: nodejs10, nodejs12, nodejs22, nodejs24, python312, python313, python38".to_owned(),
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
    "RegistryConfigMissing ServiceAccount serverless-build, which builds or pulls images, is not in namespace n".to_owned(),
)]
#[case::excluded_from_copies(
    |world: &mut World| {
        world.simulation.config.excluded_namespaces.insert("n".to_owned());
        world.observed().registry = Err(RegistryProblem::Missing);
    },
    "RegistryConfigMissing Neither Secret serverless-registry-config nor serverless-registry-config-default is in namespace n, which is excluded from copies: create it there, or move the Function to another namespace".to_owned(),
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

/// In a namespace that the controller gives a registry, nothing has failed when the first Function comes.
#[test]
fn a_registry_that_the_controller_gives_is_awaited_for_a_while() {
    let mut world = World::inline();
    world.simulation.config.gives_registries = true;
    let now = world.simulation.now.to_string();
    world.change(&json!({"metadata": {"creationTimestamp": now}}));
    world.observed().registry = Err(RegistryProblem::Missing);
    let awaited =
        "ConfigurationReady=Unknown RegistryConfigMissing The controller gives namespace n a registry";
    assert_eq!(world.pass().1, [awaited]);
    let missing = "ConfigurationReady=False RegistryConfigMissing Neither Secret serverless-registry-config nor serverless-registry-config-default is in namespace n";
    world.simulation.config.excluded_namespaces.insert("n".to_owned());
    assert!(world.pass().1[0].starts_with(missing));
    world.simulation.config.excluded_namespaces.clear();
    world.later(Duration::from_secs(26));
    assert_eq!(world.pass().1, [awaited]);
    assert_eq!(world.pass().1, [missing]);
}
