//! The script that builds with BuildKit, taken from a plan and run by a real shell, with programs in place of buildkitd and
//! buildctl that record how they are called.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use controller::config;
use controller::plan::{self, Manifests};
use decide::function::Engine;
use serde_json::{Value, json};

use crate::harness::wait::wait_until;

const DIGEST: &str = "sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730";

/// Stays until the script ends it, and tells what it was started with.
const BUILDKITD: &str = r#"#!/bin/sh
[ ! -e "$TESTS/broken" ] || { echo "one"; echo "no overlayfs here"; exit 1; }
echo "$0 $*" >"$TESTS/started"
while [ $# -gt 1 ]; do [ "$1" != --config ] || cp "$2" "$TESTS/config"; [ "$1" != --addr ] || socket=${2#unix://}; shift; done
touch "$socket"
[ ! -e "$TESTS/dies" ] || { until [ -e "$TESTS/builds" ]; do sleep 0.05; done; echo "out of something"; touch "$TESTS/dead"; kill -KILL $$; }
exec sleep 60 >/dev/null 2>&1
"#;
const BUILDCTL: &str = r#"#!/bin/sh
[ ! -e "$TESTS/hangs" ] || { touch "$TESTS/builds"; exec sleep 60 >/dev/null 2>&1; }
[ ! -e "$TESTS/dies" ] || { touch "$TESTS/builds"; until [ -e "$TESTS/dead" ]; do sleep 0.05; done; echo "error: connection lost" >&2; exit 1; }
[ ! -e "$TESTS/fails" ] || { echo "error: failed to solve: no" >&2; exit 1; }
shift 2
for argument; do echo "$argument" >>"$TESTS/arguments"; last=$argument; done
cp "$TESTS/metadata" "$last"
"#;

/// What buildctl writes of an image.
fn metadata() -> String {
    let descriptor = json!({"digest": format!("sha256:{}", "1".repeat(64)), "size": 1});
    let metadata = json!({
        "containerimage.config.digest": format!("sha256:{}", "2".repeat(64)),
        "containerimage.descriptor": descriptor,
        "containerimage.digest": DIGEST,
        "image.name": "registry.example.com/n-f:1",
    });
    serde_json::to_string_pretty(&metadata).unwrap()
}

/// The Pod of a build of a Function that uses its own base image.
fn pod(engine: Engine) -> Value {
    let mut config = config::Config::default();
    (config.functions.engine, config.functions.executor_args) =
        (engine, vec!["--opt=platform=linux/$(touch x)".to_owned()]);
    config.functions.plain_http = ["registry.example.com".to_owned(), "[::1]:5000".to_owned()].into();
    config.functions.runtimes.get_mut("nodejs22").unwrap().base_image = Some("own/node:22".to_owned());
    let function = json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {"name": "f"},
        "spec": {"source": "x", "runtime": "nodejs22"},
    });
    let mut manifests = Manifests::new("n");
    manifests.read(&function.to_string()).unwrap();
    let planned = plan::plan(&config, &manifests).remove(0).text;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&planned).unwrap();
    let job = objects.into_iter().find(|object| object["kind"] == "Job").unwrap();
    job["spec"]["template"]["spec"].clone()
}

/// Runs the container of a build with the programs of the tests, until it ends.
fn run(engine: Engine, folder: &Path) -> Output {
    end(start(engine, folder))
}

/// Waits for the end of a container, with which all of its processes end.
fn end(container: Child) -> Output {
    let group = format!("-{}", container.id());
    let output = container.wait_with_output().unwrap();
    let _ = Command::new("kill").args(["-KILL", "--", &group]).output();
    output
}

fn start(engine: Engine, folder: &Path) -> Child {
    let container = pod(engine)["containers"][0].clone();
    let words = |key: &str| {
        let words = container[key].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (name, text) in [("buildkitd", BUILDKITD), ("rootlesskit", BUILDKITD), ("buildctl", BUILDCTL)] {
        fs::write(folder.join(name), text).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(folder.join(name)).status().unwrap().success());
    }
    fs::write(folder.join("metadata"), metadata()).unwrap();
    let command = words("command");
    let variables = container["env"].as_array().unwrap().iter();
    let variables =
        variables.map(|variable| ["name", "value"].map(|key| variable[key].as_str().unwrap().to_owned()));
    Command::new(&command[0])
        .args(&command[1..])
        .args(words("args"))
        .env_clear()
        .envs(variables.map(|[name, value]| (name, value)))
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("TMPDIR", folder)
        .env("TESTS", folder)
        .env("APP_REPORT", folder.join("report"))
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_default()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_build_pushes_the_image_and_reports_its_digest_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let output = run(Engine::BuildkitRootless, folder);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(read(folder, "report"), format!("{DIGEST}\n"));

    let arguments = read(folder, "arguments");
    let (arguments, of_metadata) = arguments.split_once("--metadata-file\n").unwrap();
    assert!(of_metadata.ends_with("/metadata.json\n"), "{of_metadata}");
    let image = "registry.example.com/n-f:";
    let lines: Vec<_> = arguments.lines().collect();
    let [build, first, frontend, context, dockerfile, base, output, import, export, progress] = lines[..]
    else {
        panic!("{lines:?}")
    };
    assert_eq!((build, first), ("build", "--opt=platform=linux/$(touch x)"));
    assert_eq!(frontend, "--frontend=dockerfile.v0");
    assert_eq!([context, dockerfile], ["--local=context=/workspace", "--local=dockerfile=/workspace"]);
    assert_eq!(base, "--opt=build-arg:base_image=own/node:22");
    let output = output.strip_prefix(&format!("--output=type=image,name={image}")).unwrap();
    assert_eq!(&output[64..], ",push=true,compression=gzip,compression-level=1");
    let cache = import.strip_prefix("--import-cache=type=registry,ref=").unwrap();
    assert!(cache.starts_with(&format!("{image}cache-")), "{cache}");
    let options = "mode=max,ignore-error=true,compression=gzip,compression-level=1";
    assert_eq!(export, format!("--export-cache=type=registry,ref={cache},{options}"));
    assert_eq!(progress, "--progress=plain");
    assert!(!folder.join("x").exists(), "an argument was run");

    let daemon = read(folder, "started");
    assert!(daemon.contains("/rootlesskit buildkitd --oci-worker-no-process-sandbox --config "), "{daemon}");
    let plain = |host: &str| format!("\n[registry.\"{host}\"]\nhttp = true\n");
    assert_eq!(read(folder, "config"), plain("[::1]:5000") + &plain("registry.example.com"));
}

#[test]
fn a_build_that_fails_leaves_the_reason_to_the_log() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("fails"), "").unwrap();
    assert_eq!(error(&run(Engine::BuildkitRootless, folder.path())), "error: failed to solve: no\n");
    assert_eq!(read(folder.path(), "report"), "");
}

#[test]
fn a_buildkitd_that_does_not_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("broken"), "").unwrap();
    let said = error(&run(Engine::BuildkitRootless, folder.path()));
    assert_eq!(said, "one\nno overlayfs here\nerror: buildkitd does not start: no overlayfs here\n");
}

/// Its client would only say that it has lost the connection.
#[test]
fn a_buildkitd_that_is_killed_during_a_build_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dies"), "").unwrap();
    let said = error(&run(Engine::BuildkitRootless, folder.path()));
    assert!(said.ends_with("out of something\nerror: buildkitd has ended, exit code: 137\n"), "{said}");
    assert_eq!(read(folder.path(), "report"), "");
}

/// A superseded build would otherwise hold its Pod for half a minute.
#[test]
fn a_build_ends_as_soon_as_its_pod_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hangs"), "").unwrap();
    let container = start(Engine::BuildkitRootless, folder.path());
    wait_until("it builds", || folder.path().join("builds").exists());
    let pid = container.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(end(container).status.code(), Some(143));
    assert_eq!(read(folder.path(), "report"), "");
}

/// An API server that knows no user namespaces drops `hostUsers`: the container would have the power of root on its node.
#[test]
fn nothing_is_built_as_root_of_the_node() {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    let outside = map.split_whitespace().nth(1).unwrap();
    assert_eq!(outside, "0", "this test must not run in a user namespace, such as a rootless container");
    let pod = pod(Engine::Buildkit);
    assert_eq!((&pod["hostUsers"], &pod["automountServiceAccountToken"]), (&json!(false), &json!(false)));
    let folder = tempfile::tempdir().unwrap();
    let said = error(&run(Engine::Buildkit, folder.path()));
    let expected = "error: the Pod has no user namespace, which this cluster does not support: set build.engine to buildkit-rootless or kaniko\n";
    assert_eq!(said, expected);
    assert_eq!(
        (read(folder.path(), "started"), read(folder.path(), "report")),
        (String::new(), String::new())
    );
}
