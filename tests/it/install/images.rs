//! The images that `make images` writes, with a file instead of the binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::image::{self, Args, Program};
use xtask::layout::Arch;
use xtask::sbom;

const AMD64: &str = "x86_64-unknown-linux-gnu";

const PROGRAMS: [(Program, &str, &str); 4] = [
    (Program::Webhook, "serverless-webhook", "webhook"),
    (Program::Controller, "serverless-controller", "controller"),
    (Program::NodeAgent, "serverless-node-agent", "node-agent"),
    (Program::Registry, "serverless-registry", "registry"),
];

/// Writes the image of a program. Returns the folder that holds it as `image`, and its digest.
fn image(program: Program) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary");
    fs::write(&binary, "binary").unwrap();
    let args = Args {
        program,
        binary,
        output: folder.path().join("image"),
        arch: Arch::Amd64,
        source: Some("https://git.example.com/serverless".to_owned()),
        revision: Some(String::new()),
    };
    let digest = image::write(&args).unwrap();
    (folder, digest)
}

fn blob(image: &Path, digest: &Value) -> std::path::PathBuf {
    image.join("blobs").join(digest.as_str().unwrap().replace(':', "/"))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The lines of a stage of the Dockerfile, by their keyword.
fn stage(name: &str) -> BTreeMap<String, String> {
    let dockerfile = fs::read_to_string(testenv::root().join("Dockerfile")).unwrap();
    let lines = dockerfile.lines().skip_while(|line| !line.ends_with(&format!(" AS {name}"))).skip(1);
    let lines = lines.take_while(|line| !line.starts_with("FROM "));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(key, rest)| (key.to_owned(), rest.to_owned()))
        .collect()
}

#[test]
fn an_image_starts_as_that_of_the_dockerfile() {
    for (program, name, of) in PROGRAMS {
        let (folder, digest) = image(program);
        let image = folder.path().join("image");
        let manifest = json(&blob(&image, &digest.into()));
        let configuration = json(&blob(&image, &manifest["config"]["digest"]));
        let stage = stage(of);
        let ports = stage["EXPOSE"].split(' ').map(|port| (format!("{port}/tcp"), json!({})));
        let expected = json!({
            "User": stage["USER"],
            "Entrypoint": serde_json::from_str::<Value>(&stage["ENTRYPOINT"]).unwrap(),
            "Cmd": serde_json::from_str::<Value>(&stage["CMD"]).unwrap(),
            "ExposedPorts": ports.collect::<serde_json::Map<_, _>>(),
            "Labels": {
                "org.opencontainers.image.title": name,
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                "org.opencontainers.image.licenses": "Apache-2.0",
                "org.opencontainers.image.source": "https://git.example.com/serverless",
            },
        });
        assert_eq!(configuration["config"], expected, "{name}");
        let index = json(&image.join("index.json"));
        let reference = &index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"];
        assert_eq!(*reference, format!("docker.io/library/{name}:{}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn an_image_holds_the_binary_its_sbom_and_the_authorities_that_it_needs_only() {
    for (program, name, _) in PROGRAMS {
        let (folder, digest) = image(program);
        let layout = folder.path().join("image");
        let manifest = json(&blob(&layout, &digest.as_str().into()));
        let files = folder.path().join("files");
        fs::create_dir(&files).unwrap();
        let tar = |arguments: &[&str]| {
            let layer = blob(&layout, &manifest["layers"][0]["digest"]);
            let output = Command::new("tar")
                .args(arguments)
                .arg("-zf")
                .arg(layer)
                .current_dir(&files)
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let listed = tar(&["-tv", "--numeric-owner"]);
        let listed: Vec<_> = listed
            .lines()
            .map(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                format!("{} {} {}", words[0], words[1], words[5])
            })
            .collect();
        // The agent asks the API server, whose authority its account has, and mirrors, with any certificate. The gateway of
        // registries asks the API server alone.
        let has_authorities = matches!(program, Program::Webhook | Program::Controller);
        let authorities = [
            "drwxr-xr-x 0/0 etc",
            "drwxr-xr-x 0/0 etc/ssl",
            "drwxr-xr-x 0/0 etc/ssl/certs",
            "-rw-r--r-- 0/0 etc/ssl/certs/ca-certificates.crt",
        ];
        let own = [format!("-rwxr-xr-x 0/0 {name}"), format!("-rw-r--r-- 0/0 {name}.cdx.json")];
        let authorities = authorities.iter().filter(|_| has_authorities).map(|line| (*line).to_owned());
        assert_eq!(listed, authorities.chain(own).collect::<Vec<_>>());
        tar(&["-x"]);
        assert_eq!(fs::read_to_string(files.join(name)).unwrap(), "binary");
        let sbom = fs::read_to_string(files.join(format!("{name}.cdx.json"))).unwrap();
        assert_eq!(sbom, fs::read_to_string(folder.path().join("image.cdx.json")).unwrap());
        assert_eq!(sbom, sbom::document(name, AMD64).unwrap());
        if has_authorities {
            trusts_authorities(&files.join("etc/ssl/certs/ca-certificates.crt"));
        }
        assert_eq!(image(program).1, digest, "the same bytes twice");
    }
}

fn trusts_authorities(file: &Path) {
    let authorities = pem::parse_many(fs::read(file).unwrap()).unwrap();
    let authorities = authorities.into_iter().map(|pem| CertificateDer::from(pem.into_contents()));
    let (added, ignored) = RootCertStore::empty().add_parsable_certificates(authorities);
    assert_eq!((added > 100, ignored), (true, 0), "{added} authorities");
}

#[test]
fn an_sbom_names_each_crate_that_is_linked_and_no_other() {
    let lock = fs::read_to_string(testenv::root().join("Cargo.lock")).unwrap();
    for (_, name, _) in PROGRAMS {
        let text = sbom::document(name, AMD64).unwrap();
        let sbom: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&sbom["bomFormat"], &sbom["specVersion"]), (&json!("CycloneDX"), &json!("1.5")));
        assert_eq!((sbom.get("serialNumber"), sbom["metadata"].get("timestamp")), (None, None));
        assert_eq!(
            sbom["metadata"]["component"]["purl"],
            format!("pkg:cargo/{name}@{}", env!("CARGO_PKG_VERSION"))
        );
        let components = sbom["components"].as_array().unwrap();
        let mut found: BTreeSet<_> = components
            .iter()
            .map(|component| {
                format!("{} v{}", component["name"].as_str().unwrap(), component["version"].as_str().unwrap())
            })
            .collect();
        assert_eq!(found.len(), components.len(), "each once");
        found.insert(format!("{name} v{}", env!("CARGO_PKG_VERSION")));
        assert_eq!(found, linked(name), "{name}");
        for component in components {
            let ours = component["name"].as_str().unwrap().starts_with("serverless-");
            assert!(component["licenses"][0]["expression"].is_string(), "{component}");
            match component["hashes"][0]["content"].as_str() {
                Some(hash) => assert!(lock.contains(&format!("checksum = \"{hash}\"")), "{component}"),
                None => assert!(ours, "{component}"),
            }
        }
        let names: BTreeSet<_> =
            components.iter().map(|component| component["name"].as_str().unwrap()).collect();
        assert!(
            names.contains("rustls") && !names.contains("syn") && !names.contains("proptest"),
            "{names:?}"
        );
        assert_eq!(names.contains("russh"), name == "serverless-controller");
    }
}

/// The crates that are linked into a binary, as Cargo lists them.
fn linked(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none"])
        .args(["--format", "{p}", "--package", package, "--target", AMD64])
        .current_dir(testenv::root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let crates = String::from_utf8(tree.stdout).unwrap();
    crates.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}
