//! The images of the cluster: those of the product are made of the programs that were built for the tests, with the
//! libraries that they are linked with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testenv::Node;
use xtask::authorities;

use crate::harness::layout::layout;
use crate::harness::registry::{Registry, crane, tool};

/// A program of the product.
pub struct Program {
    name: &'static str,
    /// What it is started with.
    command: &'static str,
    user: &'static str,
}

const WEBHOOK: Program = Program { name: "serverless-webhook", command: "serve", user: "65532:65532" };
const CONTROLLER: Program = Program { name: "serverless-controller", command: "run", user: "65532:65532" };
const GATEWAY: Program = Program { name: "serverless-registry", command: "serve", user: "65532:65532" };
/// The registry of distribution, which is no program of the product.
const DISTRIBUTION: Program = Program { name: "registry", command: "serve", user: "65532:65532" };
pub const NODE_AGENT: Program = Program { name: "serverless-node-agent", command: "run", user: "0:0" };

/// Gives the node what builds run, and the registry the base images of Functions and the images of the product. With the tag
/// `before`, the controller in the folder `BEFORE`, with which a benchmark compares.
pub fn provide(node: &Node, registry: &Registry) {
    let built = testenv::built("node-images").unwrap();
    for name in ["builder", "fetcher"] {
        node.load(&built.join(name)).unwrap();
    }
    for name in ["node", "python"] {
        push(registry, &built.join(name), name, "1");
    }
    provide_program(registry, &WEBHOOK);
    provide_program(registry, &CONTROLLER);
    if let Some(before) = std::env::var_os("BEFORE") {
        push_made(registry, Path::new(&before), &CONTROLLER, "before");
    }
}

/// Gives the registry the image of a program: that in the folder `PRODUCT_IMAGES`, which `make images` writes, or one of the
/// program that was built for the tests.
pub fn provide_program(registry: &Registry, program: &Program) {
    match std::env::var_os("PRODUCT_IMAGES").map(PathBuf::from) {
        Some(images) => push(registry, &images.join(program.name), program.name, "1"),
        None => push_made(registry, programs(), program, "1"),
    }
}

/// Gives the registry what registries in the cluster and environments of builds run.
pub fn provide_registries(registry: &Registry) {
    provide_program(registry, &GATEWAY);
    push_made(registry, tool(DISTRIBUTION.name).parent().unwrap(), &DISTRIBUTION, "1");
    push(registry, &testenv::built("node-images").unwrap().join("redis"), "redis", "1");
}

/// Where the programs are that were built for the tests.
fn programs() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_serverless-webhook")).parent().unwrap()
}

fn push(registry: &Registry, layout: &Path, name: &str, tag: &str) {
    let image = format!("{}/{name}:{tag}", registry.address());
    crane("{}", &["push", "--insecure", &layout.display().to_string(), &image]).unwrap();
}

fn push_made(registry: &Registry, programs: &Path, program: &Program, tag: &str) {
    let folder = tempfile::tempdir().unwrap();
    push(registry, &made(folder.path(), programs, program), program.name, tag);
}

/// Writes the image of a program, like the one that `make images` writes.
fn made(folder: &Path, programs: &Path, program: &Program) -> PathBuf {
    let Program { name, command, user } = program;
    let built = programs.join(name);
    let (root, output) = (folder.join("root"), folder.join("layout"));
    fs::create_dir_all(root.join("etc/ssl/certs")).unwrap();
    fs::write(root.join("etc/ssl/certs/ca-certificates.crt"), authorities::pem()).unwrap();
    fs::copy(&built, root.join(name)).unwrap();
    strip(&root.join(name));
    // The registry of a cache runs a program of ours, which needs nothing but itself in a release.
    let guest = (*name == DISTRIBUTION.name).then(|| libraries(&self::programs().join(GATEWAY.name)));
    for library in libraries(&built).into_iter().chain(guest.into_iter().flatten()) {
        let to = root.join(library.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&library, to).unwrap();
    }
    let flags = [
        format!("--output={}", output.display()),
        format!("--name={name}:1"),
        format!("--layer={}", root.display()),
        format!("--user={user}"),
        format!("--entrypoint=/{name}"),
        format!("--cmd={command}"),
    ];
    layout(&flags);
    output
}

/// Without symbols, which are most of it.
fn strip(program: &Path) {
    assert!(Command::new("strip").arg(program).status().unwrap().success());
}

/// The libraries and the loader of a program, where it looks for them.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}
