//! The command `render` as its users see it: what it reads, where it writes, and how it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rstest::rstest;
use tempfile::TempDir;

use crate::harness::cli::{piped, run, shown};
use crate::harness::programs::program;

const SEED: &str = "fixtures/nodes/seed/values.yaml";
const PASSWORD: &str = "s3cret-password";

#[test]
fn hosts_are_printed_by_default() {
    let (code, out, _) = run(&["render", SEED]);
    let expected = r#"# certs.d/docker.io/hosts.toml
server = "https://registry-1.docker.io"

[host."https://registry-1.docker.io"]
capabilities = ["pull", "resolve"]

[host."https://registry-1.docker.io".header]
Authorization = ["Basic bXlfdXNlcl9uYW1lOm15X3Bhc3N3b3Jk"]

[host."https://my-mirror-registry.mydomain.io"]
capabilities = ["pull", "resolve"]
"#;
    assert_eq!((code, out.as_str()), (0, expected));
}

#[test]
fn files_are_for_their_owner_alone_and_are_replaced_only_if_asked_for() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().to_str().unwrap();
    let file = folder.path().join("certs.d/docker.io/hosts.toml");
    let shown = format!("{}\n", file.display());
    let (code, printed, _) = run(&["render", SEED, "--out", out]);
    assert_eq!((code, printed), (0, shown.clone()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();

    let (code, printed, _) = run(&["render", SEED, "--out", out]);
    assert_eq!((code, printed.as_str()), (0, ""));

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, printed, _) = run(&["render", SEED, "--out", out]);
    assert_eq!((code, &printed), (0, &shown));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    fs::write(&file, "# mine\n").unwrap();
    let (code, printed, error) = run(&["render", SEED, "--out", out]);
    let refused = format!("error: {} exists and differs: --force replaces it\n", file.display());
    assert_eq!((code, printed.as_str()), (64, ""));
    assert!(error.ends_with(&refused), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");

    let (code, printed, _) = run(&["render", SEED, "--out", out, "--force"]);
    assert_eq!((code, printed), (0, shown));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("certs.d");
    fs::write(&file, "").unwrap();
    let (code, _, error) = run(&["render", SEED, "--out", folder.path().to_str().unwrap()]);
    assert_eq!(code, 64);
    let expected = format!("error: {}/docker.io/hosts.toml: Not a directory (os error 20)\n", file.display());
    assert!(error.ends_with(&expected), "{error}");
}

#[rstest]
#[case::values(SEED)]
#[case::k3s("fixtures/nodes/from-k3s/registries.yaml")]
#[case::config("fixtures/nodes/from-containerd/config.toml")]
#[case::folder("fixtures/nodes/from-hosts")]
#[case::folder_of_hosts("fixtures/nodes/from-hosts/certs.d")]
#[case::file_of_a_host("fixtures/nodes/from-hosts/certs.d/docker.io/hosts.toml")]
fn formats_are_told_by_names_and_content(#[case] path: &str) {
    let (code, out, error) = run(&["render", path, "--to", "values"]);
    assert_eq!(code, 0, "{error}");
    assert!(
        out.starts_with("# values.yaml\ncontainerRegistries:\n") && out.contains("\n  docker.io:\n"),
        "{out}"
    );
}

#[rstest]
#[case::values("containerRegistries: {docker.io: [{endpoint: mirror.example.com}]}")]
#[case::k3s("mirrors: {docker.io: {endpoint: ['https://mirror.example.com']}}")]
#[case::config(
    "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'docker.io']\nendpoint = ['https://mirror.example.com']"
)]
#[case::secret(
    "kind: Secret\napiVersion: v1\nmetadata: {name: nodes}\nstringData: {values: 'containerRegistries: {docker.io: [{endpoint: mirror.example.com}]}'}"
)]
#[case::secret_as_stored(
    "kind: Secret\napiVersion: v1\nmetadata: {name: nodes}\ndata: {values: Y29udGFpbmVyUmVnaXN0cmllczoge2RvY2tlci5pbzogW3tlbmRwb2ludDogbWlycm9yLmV4YW1wbGUuY29tfV19}"
)]
fn the_standard_input_is_read(#[case] text: &str) {
    let (code, out, error) = piped(&["render", "-", "--to", "values"], text);
    let expected = "# values.yaml\ncontainerRegistries:\n  docker.io:\n  - endpoint: mirror.example.com\n";
    assert_eq!((code, out.as_str()), (0, expected), "{error}");
}

/// What the command prints for a pipe.
fn of_pipe(text: &str) -> (i32, String, String) {
    piped(&["render", "/dev/stdin", "--to", "values"], text)
}

#[test]
fn a_pipe_is_read_as_a_file_is() {
    let expected = "# values.yaml\ncontainerRegistries:\n  docker.io:\n  - endpoint: mirror.example.com\n";
    let (code, out, error) = of_pipe("containerRegistries: {docker.io: [{endpoint: mirror.example.com}]}");
    assert_eq!((code, out.as_str()), (0, expected), "{error}");
    let (code, _, error) = of_pipe(&"#".repeat((1 << 20) + 1));
    assert_eq!((code, error.as_str()), (2, "error: /dev/stdin: it is longer than 1 MiB\n"));
}

#[rstest]
#[case::values("containerRegistries: {docker.io: [{endpoint: mirror.example.com}]}")]
#[case::secret_with_toml(
    "kind: Secret\napiVersion: v1\nstringData:\n  values: 'containerRegistries: {docker.io: [{endpoint: mirror.example.com}]}'\n  registry-config.toml: |\n    [plugins]\n"
)]
fn the_content_of_a_file_decides_and_not_its_name(#[case] text: &str) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("registries.yaml");
    fs::write(&file, text).unwrap();
    let (code, out, error) = run(&["render", file.to_str().unwrap(), "--to", "values"]);
    let expected = "# values.yaml\ncontainerRegistries:\n  docker.io:\n  - endpoint: mirror.example.com\n";
    assert_eq!((code, out.as_str()), (0, expected), "{error}");
}

#[rstest]
#[case::render("serverless-webhook", &["render", SEED])]
#[case::check("serverless-webhook", &["check", SEED])]
#[case::replay("serverless-webhook", &["replay", "fixtures/admission/mutation-container-registries/seed"])]
#[case::help("serverless-webhook", &["--help"])]
#[case::man("serverless-webhook", &["man"])]
#[case::completions("serverless-webhook", &["completions", "bash"])]
#[case::certs("serverless-webhook", &["certs", "--out", "FOLDER"])]
#[case::plan("serverless-controller", &["plan", "fixtures/manifests/hello.yaml"])]
#[case::clean("serverless-node-agent", &["clean", "--hosts-dir", "FOLDER"])]
#[case::doctor("serverless-node-agent", &["doctor", "--root", "FOLDER", "--containerd", "2.4.2", "--offline"])]
#[case::explain("serverless-registry", &["acl", "explain", "--repository", "a", "--action", "pull", "FOLDER/acl.yml"])]
fn an_output_that_is_lost_is_an_error(#[case] name: &str, #[case] args: &[&str]) {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(program(name));
    command.current_dir(testenv::root()).stdout(fs::File::create("/dev/full").unwrap());
    fs::write(folder.path().join("acl.yml"), "acl: [{match: {account: admin}, actions: [pull]}]\n").unwrap();
    command.args(args.iter().map(|arg| arg.replace("FOLDER", folder.path().to_str().unwrap())));
    let (code, _, error) = shown(&command.output().unwrap());
    let expected = "error: the output cannot be written: No space left on device (os error 28)\n";
    assert!(code == 64 && error.ends_with(expected), "{code} {error}");
}

#[test]
fn a_secret_gives_kubeadm_its_name() {
    let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: nodes}\nstringData: {values: 'containerRegistries: {docker.io: [{endpoint: mirror.example.com}]}'}";
    let (code, out, _) = piped(&["render", "-", "--to", "kubeadm"], secret);
    assert!(code == 0 && out.contains("      name: nodes\n      key: docker.io.hosts.toml\n"), "{out}");
    let (code, out, error) = run(&["render", SEED, "--to", "kubeadm"]);
    assert_eq!((code, out.as_str()), (64, ""));
    assert_eq!(error, "error: --secret: name the Secret that kubeadm gets the files from\n");
}

#[rstest]
#[case::values(
    "containerRegistries:\n  docker.io:\n  - endpoint: mirror.example.com\n    insecure: true\n    credentials: {username: me, password: s3cret-password}\n",
    1,
    "error: -:5: containerRegistries[docker.io][0].credentials: Forbidden: insecure: true sends them in clear: use TLS, with ca or skipVerify if need be\n"
)]
#[case::import(
    "mirrors: {docker.io: {endpoint: ['http://mirror.example.com']}}\nconfigs: {mirror.example.com: {auth: {username: me, password: s3cret-password}}}\n",
    1,
    "error: -: containerRegistries[docker.io][0].credentials: Forbidden: insecure: true sends them in clear: use TLS, with ca or skipVerify if need be\n"
)]
#[case::import_that_is_wrong(
    "mirrors: {docker.io: {endpoint: ['https://me:s3cret-password@mirror.example.com']}}\n",
    2,
    "error: -: mirrors[docker.io].endpoint[0]: must have the form host[:port], such as example.com:5000: no user, quote, space or control character\n"
)]
#[case::no_toml("[plugins]\npassword = s3cret-password\n", 2, "error: -:2: must be TOML\n")]
#[case::nothing(
    "kind: Pod\napiVersion: v1\n",
    2,
    "error: -: it must hold containerRegistries once, and holds it 0 times\n"
)]
#[case::no_registries("[plugins]\n", 2, "error: -: there are no registries in it\n")]
#[case::nothing_is_left(
    "mirrors: {docker.io: {endpoint: []}}\n",
    2,
    "warning: -: mirrors[docker.io]: there is no endpoint\nerror: -: there are no registries in it\n"
)]
#[case::no_base64(
    "kind: Secret\napiVersion: v1\ndata:\n  values: s3cret-password\n",
    2,
    "error: -:4: data.values must be the base64 of YAML\n"
)]
#[case::misspelt(
    "containerRegistry: {docker.io: [{endpoint: mirror.example.com}]}\n",
    1,
    "error: -:1: containerRegistry: Forbidden: there is no such key: did you mean containerRegistries?\n"
)]
fn what_is_wrong_is_said_without_a_credential(#[case] text: &str, #[case] code: i32, #[case] expected: &str) {
    let folder = TempDir::new().unwrap();
    let found = piped(&["render", "-", "--out", folder.path().to_str().unwrap()], text);
    assert_eq!(found, (code, String::new(), expected.to_owned()));
    assert!(!found.2.contains(PASSWORD));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[rstest]
#[case::version(&["render", SEED, "--containerd", "two"], "must be a version of containerd, such as 2.4.2 or 1.7")]
#[case::target(&["render", SEED, "--to", "docker"], "[possible values: hosts, containerd-config, k3s, crio, talos, kubeadm, credential-provider, values]")]
#[case::folder(&["render", "docs"], "docs: no folder in it holds hosts.toml: name a file, or the format with --from")]
#[case::folder_for_a_file(&["render", "fixtures/nodes/from-k3s", "--from", "k3s"], "fixtures/nodes/from-k3s: name a file, not a folder, for this format")]
fn wrong_use_is_explained(#[case] args: &[&str], #[case] expected: &str) {
    let (code, out, error) = run(args);
    assert_eq!((code, out.as_str()), (64, ""));
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let (code, _, error) = run(&["render", "fixtures/nodes/none.yaml"]);
    assert_eq!(
        (code, error.as_str()),
        (2, "error: fixtures/nodes/none.yaml: No such file or directory (os error 2)\n")
    );
}
