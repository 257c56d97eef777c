//! What the condition of a failed build tells its author to do.

use super::*;

/// What the condition says beside the words of the builder.
fn remedy(mut world: World, words: &str) -> Option<String> {
    world.pass();
    world.simulation.end_job(false, "no");
    world.observed().answers.report = Some(Report { words: Some(words.to_owned()) });
    let said = world.pass().1[1].clone();
    let (_, rest) = said.split_once(&format!(" failed: {words}")).unwrap();
    Some(rest.strip_prefix(" (")?.strip_suffix(')')?.to_owned())
}

/// A step of the build that has written a line.
fn step(line: &str) -> String {
    format!(
        "failed to solve: process \"/bin/sh -c npm install\" did not complete successfully: exit code: 1: {line}"
    )
}

const PACKAGE: &str = "there is no such package or version: correct its name or version in spec.deps";
const DISK: &str =
    "the build needs more disk than it has: install less, or ask the operator for a node with more disk";
const LIMITED: &str = "a build may take no more disk than this: install less";
const MEMORY: &str = "the build needs more memory: choose a larger build preset";
const UNREACHABLE: &str =
    "the build does not reach the registry of packages: allow it in the network policies of the namespace";
const REFUSED: &str = "the registry refuses the credentials of Secret serverless-registry-config: correct its username and password";
const BASE_IMAGE: &str = "the base image of the runtime cannot be pulled: correct its name in ConfigMap dockerfile-nodejs-12, or in runtimes of the controller's configuration";
const NO_TLS: &str = "the registry has no TLS: the operator adds it to registryCheck.plainHttp";
const AUTHORITY: &str =
    "the builder does not trust the certificate of the registry: the operator gives the builder its CA";
const SOURCE: &str = "the Dockerfile copies a file that the source lacks: add it";
const DOCKERFILE: &str = "the operator corrects the Dockerfile in ConfigMap dockerfile-nodejs-12";

#[rstest]
#[case::npm("npm error 404  'lodahs@1.0.0' is not in this registry.", PACKAGE)]
#[case::npm_6("npm ERR! 404  'lodahs@1.0.0' is not in the npm registry.", PACKAGE)]
#[case::npm_version("npm error notarget No matching version found for ms@99.0.0.", PACKAGE)]
#[case::pip("ERROR: No matching distribution found for toolz==99.0", PACKAGE)]
#[case::npm_tarball("npm error 404 Not Found - GET http://mirror.example.com/x.tgz", PACKAGE)]
#[case::disk("npm error ENOSPC: no space left on device, write", DISK)]
#[case::pip_disk(
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    DISK
)]
#[case::heap("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", MEMORY)]
#[case::name(
    "npm error network request to https://mirror.example.com/ms failed, reason: getaddrinfo ENOTFOUND mirror.example.com",
    UNREACHABLE
)]
fn a_step_that_fails_for_a_known_cause_says_what_helps(#[case] line: &str, #[case] expected: &str) {
    assert_eq!(remedy(World::inline(), &step(line)).as_deref(), Some(expected));
    let of_kaniko = format!(
        "error building image: error building stage: failed to execute command: waiting for process to exit: exit status 1: {line}"
    );
    assert_eq!(remedy(World::inline(), &of_kaniko).as_deref(), Some(expected));
}

#[rstest]
#[case::push(
    "failed to solve: failed to push r.example.com/x:1: unexpected status from HEAD request to https://r.example.com/v2/x/blobs/sha256:0: 401 Unauthorized",
    REFUSED
)]
#[case::push_token(
    "failed to solve: failed to push r.example.com/x:1: push access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    REFUSED
)]
#[case::push_forbidden(
    "failed to solve: failed to push r.example.com/x:1: unexpected status from POST request to https://r.example.com/v2/x/blobs/uploads/: 403 Forbidden",
    REFUSED
)]
#[case::kaniko_push(
    "error checking push permissions -- make sure you entered the correct tag name: checking push permission for \"r/x\": UNAUTHORIZED: authentication required; [map[Action:pull]]",
    REFUSED
)]
#[case::base_image(
    "failed to solve: docker.io/library/node:99-slim: failed to resolve source metadata for docker.io/library/node:99-slim: docker.io/library/node:99-slim: not found",
    BASE_IMAGE
)]
#[case::private_base_image(
    "failed to solve: own/node:1: failed to resolve source metadata for docker.io/own/node:1: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    BASE_IMAGE
)]
#[case::kaniko_base_image(
    "error building image: unable to retrieve image: GET https://index.docker.io/v2/library/node/manifests/99-slim: MANIFEST_UNKNOWN: manifest unknown",
    BASE_IMAGE
)]
#[case::disk(
    "failed to solve: ResourceExhausted: failed to read dockerfile: failed to create temp dir: mkdir /var/lib/buildkit/x: no space left on device",
    DISK
)]
#[case::evicted("Usage of EmptyDir volume \"buildkit\" exceeds the limit \"20Gi\".", LIMITED)]
#[case::evicted_node(
    "The node was low on resource: ephemeral-storage. Threshold quantity: 1, available: 0.",
    DISK
)]
#[case::killed("OOMKilled", MEMORY)]
#[case::no_tls(
    "failed to solve: failed to push r.example.com:5000/x:1: failed to do request: Head \"https://r.example.com:5000/v2/x/blobs/sha256:0\": http: server gave HTTP response to HTTPS client",
    NO_TLS
)]
#[case::authority(
    "failed to solve: failed to push r.example.com/x:1: failed to do request: Head \"https://r.example.com/v2/x/blobs/sha256:0\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
    AUTHORITY
)]
#[case::missing_file(
    "failed to solve: failed to compute cache key: failed to calculate checksum of ref s9x::y: \"/src/package.json\": not found",
    SOURCE
)]
#[case::kaniko_missing_file(
    "error building image: error building stage: failed to get files used from context: failed to get fileinfo for /workspace/src/package.json: lstat /workspace/src/package.json: no such file or directory",
    SOURCE
)]
#[case::dockerfile(
    "failed to solve: dockerfile parse error on line 3: unknown instruction: FORM",
    DOCKERFILE
)]
#[case::kaniko_dockerfile(
    "error building image: parsing dockerfile: dockerfile parse error on line 3: unknown instruction: FORM",
    DOCKERFILE
)]
fn a_build_that_fails_for_a_known_cause_says_what_helps(#[case] words: &str, #[case] expected: &str) {
    assert_eq!(remedy(World::inline(), words).as_deref(), Some(expected));
}

/// A step that is killed says nothing.
#[test]
fn a_step_without_memory_says_what_helps() {
    let words =
        "failed to solve: process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 137";
    assert_eq!(remedy(World::inline(), words).as_deref(), Some(MEMORY));
}

#[test]
fn dependencies_of_a_repository_are_in_a_file() {
    let mut world = World::git();
    world.observed().git.answer = Answer::Commit("0".repeat(40));
    let words = step("npm error 404  'lodahs@1.0.0' is not in this registry.");
    let expected = "there is no such package or version: correct its name or version in package.json";
    assert_eq!(remedy(world, &words).as_deref(), Some(expected));
}

/// The credentials of the image registry have nothing to do with what a step downloads.
#[rstest]
#[case(&step("npm error code E401 Unauthorized"))]
#[case(&step("sh: 1: no: not found"))]
#[case("npm ERR! 404")]
fn where_the_cause_is_not_known_nothing_is_advised(#[case] words: &str) {
    assert_eq!(remedy(World::inline(), words), None);
}

const GONE: &str = "the image is no longer in its registry: change the annotation serverless.kyma-project.io/rebuild to build it again";
const PROCESSOR: &str = "the image is for another kind of processor: the operator keeps builds and Functions on nodes of one kind";
const UNREACHED: &str =
    "the node does not reach the registry: the operator checks that it runs, and the network of the nodes";
const NODE_WITHOUT_TLS: &str =
    "the registry has no TLS: the operator allows this registry in the container runtime of the nodes";
const NODE_WITHOUT_AUTHORITY: &str = "the node does not trust the certificate of the registry: the operator gives the container runtime of the nodes its CA";
const BUILDER: &str =
    "the operator corrects build.executorImage or build.fetcherImage, or lets the nodes pull it";

#[rstest]
#[case::gone("failed to resolve image: r.example.com/f@sha256:0: not found", Some(GONE), Some(BUILDER))]
#[case::gone_for_cri_o("reading manifest 1 in r.example.com/f: manifest unknown", Some(GONE), Some(BUILDER))]
#[case::refused(
    "failed to resolve image: unexpected status from HEAD request to https://r.example.com/v2/f/manifests/1: 401 Unauthorized",
    Some(REFUSED),
    Some(BUILDER)
)]
#[case::private(
    "failed to resolve reference \"r.example.com/f:1\": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    Some(REFUSED),
    Some(BUILDER)
)]
#[case::down(
    "failed to resolve image: failed to do request: Head \"https://r.example.com/v2/f/manifests/1\": dial tcp 192.0.2.1:443: connect: connection refused",
    Some(UNREACHED),
    Some(UNREACHED)
)]
#[case::unknown_host(
    "failed to do request: Head \"https://r.example.com/v2/f/manifests/1\": dial tcp: lookup r.example.com: no such host",
    Some(UNREACHED),
    Some(UNREACHED)
)]
#[case::no_tls(
    "failed to do request: Head \"https://r.example.com/v2/f/manifests/1\": http: server gave HTTP response to HTTPS client",
    Some(NODE_WITHOUT_TLS),
    Some(NODE_WITHOUT_TLS)
)]
#[case::authority(
    "failed to do request: Head \"https://r.example.com/v2/f/manifests/1\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
    Some(NODE_WITHOUT_AUTHORITY),
    Some(NODE_WITHOUT_AUTHORITY)
)]
#[case::processor("no match for platform in manifest: not found", Some(PROCESSOR), Some(PROCESSOR))]
#[case::unknown("unexpected EOF", None, None)]
fn an_image_that_cannot_be_pulled_says_what_helps(
    #[case] cause: &str,
    #[case] of_function: Option<&str>,
    #[case] of_build: Option<&str>,
) {
    let advised =
        |why: &str, remedy: Option<&str>| remedy.map_or(why.to_owned(), |remedy| format!("{why} ({remedy})"));
    let mut world = World::inline();
    world.pass();
    world.later(Duration::from_secs(91));
    let why = format!("its Pod cannot pull an image: {cause}");
    world.observed().answers.start = Some(Start::Unpulled(why.clone()));
    let failed = format!("BuildReady=False JobFailed Job {JOB} failed: {}", advised(&why, of_build));
    assert_eq!(world.pass().1[1], failed);
    let mut world = World::inline();
    world.pass();
    world.simulation.end_job(true, "");
    world.pass();
    world.pass();
    world.later(Duration::from_secs(11));
    let why = format!("Pod f-1 cannot pull an image: {cause}");
    world.observed().answers.pods = Some(Start::Unpulled(why.clone()));
    let failed =
        format!("Running=False DeploymentFailed Deployment {CHILD} failed: {}", advised(&why, of_function));
    assert_eq!(world.pass().1[2], failed);
}
