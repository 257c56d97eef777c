//! Our own images: a static binary, what it is made of, and, if it verifies Git servers or registries, the certificate
//! authorities that they are known by. Nothing else; the process runs as a user without rights, if it need not write files of
//! its node.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::layout::{self, Arch, Pair};
use crate::{authorities, sbom};

/// Writes the image of a program: its static binary, SBOM, and what certificate authorities it needs, as an OCI image layout
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The program
    #[arg(long, value_enum)]
    pub program: Program,
    /// Its static binary
    #[arg(long, value_name = "FILE")]
    pub binary: PathBuf,
    /// The layout is written to this folder, and the SBOM to DIR.cdx.json
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// The processor that the binary is made for
    #[arg(long, value_enum)]
    pub arch: Arch,
    /// Address of the repository, for the label org.opencontainers.image.source
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,
    /// The commit, for the label org.opencontainers.image.revision
    #[arg(long, value_name = "COMMIT")]
    pub revision: Option<String>,
}

/// A program that has an image.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Program {
    /// serverless-webhook
    Webhook,
    /// serverless-controller
    Controller,
    /// serverless-node-agent
    NodeAgent,
    /// serverless-registry
    Registry,
}

impl Program {
    /// Its name, which is that of its package, its binary and its image.
    fn name(self) -> &'static str {
        match self {
            Self::Webhook => "serverless-webhook",
            Self::Controller => "serverless-controller",
            Self::NodeAgent => "serverless-node-agent",
            Self::Registry => "serverless-registry",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Webhook | Self::Registry => "serve",
            Self::Controller | Self::NodeAgent => "run",
        }
    }

    /// Whether it verifies servers of others. The agent knows the API server by the authority of its cluster, and asks
    /// mirrors for nothing that must stay secret. The gateway of registries asks the API server and the registry beside it.
    fn knows_authorities(self) -> bool {
        matches!(self, Self::Webhook | Self::Controller)
    }

    fn ports(self) -> Vec<u16> {
        match self {
            Self::Webhook | Self::Registry => vec![8443, 9090],
            Self::Controller | Self::NodeAgent => vec![8080],
        }
    }

    fn user(self) -> &'static str {
        match self {
            Self::Webhook | Self::Controller | Self::Registry => "65532:65532",
            // The files of containerd belong to root.
            Self::NodeAgent => "0:0",
        }
    }
}

/// Writes the image. Returns its digest.
pub fn write(args: &Args) -> anyhow::Result<String> {
    let name = args.program.name();
    let sbom = sbom::document(name, args.arch.target())?;
    let root = tempfile::tempdir()?;
    let put =
        |path: &str, content: &[u8], mode| put(root.path(), path, content, mode).context(path.to_owned());
    let binary = fs::read(&args.binary).with_context(|| {
        format!("--binary {}: name a static binary; make static builds it", args.binary.display())
    })?;
    put(name, &binary, 0o755)?;
    put(&format!("{name}.cdx.json"), sbom.as_bytes(), 0o644)?;
    if args.program.knows_authorities() {
        put("etc/ssl/certs/ca-certificates.crt", authorities::pem().as_bytes(), 0o644)?;
    }
    let digest = layout::write(&as_layout(args, root.path()))?;
    let beside = args.output.with_added_extension("cdx.json");
    fs::write(&beside, sbom).with_context(|| beside.display().to_string())?;
    Ok(digest)
}

/// Writes a file, and the folders that lead to it: modes are part of the image, whatever the umask.
fn put(root: &Path, path: &str, content: &[u8], mode: u32) -> anyhow::Result<()> {
    let mut folder = root.to_owned();
    for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
        folder.push(part);
        if !folder.exists() {
            fs::create_dir(&folder)?;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        }
    }
    let path = root.join(path);
    fs::write(&path, content)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

fn as_layout(args: &Args, root: &Path) -> layout::Args {
    let name = args.program.name();
    let version = env!("CARGO_PKG_VERSION");
    let labels = [
        ("title", Some(name)),
        ("version", Some(version)),
        ("licenses", Some(env!("CARGO_PKG_LICENSE"))),
        ("source", args.source.as_deref()),
        ("revision", args.revision.as_deref()),
    ];
    let label = |(key, value): (&str, Option<&str>)| {
        let value = value.filter(|value| !value.is_empty())?.to_owned();
        Some(Pair { name: format!("org.opencontainers.image.{key}"), value })
    };
    layout::Args {
        output: args.output.clone(),
        // As a node calls the image that the manifests name.
        name: format!("docker.io/library/{name}:{version}"),
        layers: vec![root.to_owned()],
        environment: Vec::new(),
        user: Some(args.program.user().to_owned()),
        workdir: None,
        entrypoint: vec![format!("/{name}")],
        cmd: vec![args.program.command().to_owned()],
        expose: args.program.ports(),
        labels: labels.into_iter().filter_map(label).collect(),
        arch: args.arch,
        uncompressed: false,
        source_date_epoch: 0,
    }
}
