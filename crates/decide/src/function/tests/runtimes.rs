//! What a build gets of the ConfigMap of a runtime.

use k8s_openapi::api::core::v1::ConfigMap;
use rstest::rstest;

use super::*;

/// The Job of a Function whose runtime has a ConfigMap with some data.
fn job(mut world: World, data: &Value) -> Value {
    let labels = json!({"serverless.kyma-project.io/runtime": "nodejs12"});
    let map = json!({"metadata": {"namespace": "n", "name": "own", "labels": labels}, "data": data});
    let map = RuntimeMap::of(&serde_json::from_value::<ConfigMap>(map).unwrap()).unwrap();
    world.observed().runtime_image = runtime_image([("own", &map)].into_iter(), "nodejs12");
    let is_job = |step: Step| match step {
        Step::Create(wanted) if wanted.kind == Kind::Job => Some(wanted.object),
        _ => None,
    };
    world.later(Duration::from_secs(1));
    world.simulation.pass().steps.into_iter().find_map(is_job).unwrap()
}

fn mount(volume: &str, path: &str, key: &str) -> Value {
    json!({"name": volume, "mountPath": path, "subPath": key, "readOnly": true})
}

/// What is mounted into the context of the build.
fn mounts(job: &Value) -> Vec<Value> {
    let mounts = job["spec"]["template"]["spec"]["containers"][0]["volumeMounts"].as_array().unwrap();
    let path = |mount: &Value| mount["mountPath"].as_str().unwrap().to_owned();
    mounts.iter().filter(|mount| path(mount).starts_with("/workspace/")).cloned().collect()
}

fn volume(job: &Value) -> Value {
    let volumes = job["spec"]["template"]["spec"]["volumes"].as_array().unwrap();
    volumes.iter().find(|volume| volume["name"] == "runtime").unwrap().clone()
}

fn sources() -> [Value; 2] {
    [
        mount("sources", "/workspace/src/handler.js", "source"),
        mount("sources", "/workspace/src/package.json", "dependencies"),
    ]
}

#[test]
fn a_dockerfile_alone_gives_the_job_it_always_gave() {
    let job = job(World::inline(), &json!({"Dockerfile": "FROM node:12"}));
    let [source, dependencies] = sources();
    assert_eq!(mounts(&job), [mount("runtime", "/workspace/Dockerfile", "Dockerfile"), source, dependencies]);
    assert_eq!(volume(&job), json!({"name": "runtime", "configMap": {"name": "own"}}));
    // Image and name are those from before there were files, so nothing is rebuilt.
    let image = "registry.example.com/n-f:171bde02afa4a50c4c165590f787f0eb45a0b34142da81e817a43541993dcdce";
    assert_eq!(job["metadata"]["annotations"]["serverless.kyma-project.io/image"], image);
    assert_eq!(job["metadata"]["name"], "f-build-vpp9b");
}

#[test]
fn files_are_mounted_one_by_one_into_a_folder_of_their_own() {
    let data = json!({"Dockerfile": "FROM node:12", "server.js": "1", "src": "2", "handler.js": "3"});
    let job = job(World::inline(), &data);
    let [source, dependencies] = sources();
    let expected = [
        mount("runtime", "/workspace/Dockerfile", "Dockerfile"),
        mount("runtime", "/workspace/runtime/handler.js", "handler.js"),
        mount("runtime", "/workspace/runtime/server.js", "server.js"),
        mount("runtime", "/workspace/runtime/src", "src"),
        source,
        dependencies,
    ];
    assert_eq!(mounts(&job), expected);
    // A Pod whose ConfigMap lacks one of them does not start.
    let items = ["Dockerfile", "handler.js", "server.js", "src"].map(|key| json!({"key": key, "path": key}));
    assert_eq!(volume(&job), json!({"name": "runtime", "configMap": {"name": "own", "items": items}}));
}

#[test]
fn a_function_from_git_gets_the_same_files() {
    let mut world = World::git();
    world.observed().git.answer = Answer::Commit("0".repeat(40));
    let job = job(world, &json!({"Dockerfile": "FROM node:12", "server.js": "1"}));
    let expected = [
        mount("runtime", "/workspace/Dockerfile", "Dockerfile"),
        mount("runtime", "/workspace/runtime/server.js", "server.js"),
        json!({"name": "workspace", "mountPath": "/workspace/src", "subPath": "repository/fn"}),
    ];
    assert_eq!(mounts(&job), expected);
}

#[rstest]
#[case(json!({"Dockerfile": "FROM node:12", "server.js": "2"}))]
#[case(json!({"Dockerfile": "FROM node:12", "server.mjs": "1"}))]
#[case(json!({"Dockerfile": "FROM node:12"}))]
#[case(json!({"Dockerfile": "FROM node:22", "server.js": "1"}))]
fn another_file_is_another_image(#[case] other: Value) {
    let image = |data: &Value| {
        job(World::inline(), data)["metadata"]["annotations"]["serverless.kyma-project.io/image"].clone()
    };
    let known = json!({"Dockerfile": "FROM node:12", "server.js": "1"});
    assert_eq!(image(&known), image(&known));
    assert_ne!(image(&known), image(&other));
}

#[test]
fn what_a_build_cannot_take_is_reported_with_its_config_map() {
    let problem = |data: Value| {
        let labels = json!({"serverless.kyma-project.io/runtime": "nodejs12"});
        let map = json!({"metadata": {"namespace": "n", "labels": labels}, "data": data});
        let map = RuntimeMap::of(&serde_json::from_value::<ConfigMap>(map).unwrap()).unwrap();
        runtime_image([("own", &map)].into_iter(), "nodejs12").unwrap_err()
    };
    let many = (0..33).map(|index| (format!("f{index}"), "".into()));
    let many = many.chain([("Dockerfile".to_owned(), "FROM x".into())]).collect();
    let own = "own".to_owned();
    assert_eq!(
        problem(Value::Object(many)),
        RuntimeProblem::TooManyFiles { config_map: own.clone(), files: 33 }
    );
    assert_eq!(
        problem(json!({"Dockerfile": "FROM x", "x".repeat(65): ""})),
        RuntimeProblem::BadFileName(own.clone())
    );
    assert_eq!(problem(json!({"server.js": ""})), RuntimeProblem::NoDockerfile(own));
}

fn described(runtime: &str, language: &str) -> RuntimeMap {
    let metadata = json!({
        "labels": {"serverless.kyma-project.io/runtime": runtime},
        "annotations": {"serverless.kyma-project.io/language": language},
    });
    RuntimeMap::of(&serde_json::from_value(json!({"metadata": metadata})).unwrap()).unwrap()
}

#[test]
fn a_runtime_that_the_base_namespace_has_is_built_like_its_language() {
    let maps = [
        described("deno2", "nodejs"),
        described("go", "go"),
        described("twice", "python"),
        described("twice", "python"),
    ];
    let installed = Arc::new(Installed::of(maps.iter()));
    assert_eq!(installed.0, [("deno2".to_owned(), api::Language::Nodejs)].into());
    let mut world = World::inline();
    world.change(&json!({"spec": {"runtime": "deno2"}}));
    let unknown = "ConfigurationReady=False RuntimeMissing Runtime \"deno2\" is not known; known runtimes: ";
    assert!(world.pass().1[0].starts_with(unknown));
    world.observed().installed = Arc::clone(&installed);
    assert_eq!(world.pass().1[0], "ConfigurationReady=True ConfigMapCreated ConfigMap f-b2zg9 created");
    let map = world.observed().config_map.0.clone().unwrap();
    assert_eq!(map["data"], json!({"source": "x", "dependencies": "{}"}));

    // The configuration can still take it away.
    let mut world = World::inline();
    world.change(&json!({"spec": {"runtime": "deno2"}}));
    world.observed().installed = installed;
    world.simulation.config.removed_runtimes.insert("deno2".to_owned());
    let said = world.pass().1.remove(0);
    assert!(said.starts_with(unknown) && !said.contains("deno2,") && !said.ends_with("deno2"), "{said}");
}
