//! The flags of `layout`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use oci_spec::image::MediaType;

/// Packs folders as the layers of an OCI image, without a container engine. The same input makes the same bytes
///
/// Every file belongs to user and group 0, and has the time of --source-date-epoch. Modes, symbolic links and hard links
/// are kept; extended attributes are not. Prints the digest of the image.
///
/// `crane push DIR HOST/NAME:TAG` pushes the layout; `tar -C DIR -c . | ctr images import -` loads it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The layout is written to this folder; an earlier one there is replaced
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Name and tag, such as `localhost/pause:1`
    #[arg(long)]
    pub name: String,
    /// The content of this folder becomes a layer. Repeat it for more layers, the lowest first
    #[arg(long = "layer", value_name = "DIR", required = true)]
    pub layers: Vec<PathBuf>,
    /// A variable of the environment. Repeat it for more
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub environment: Vec<Pair>,
    /// User and group of the process, such as 65532:65532. Without it, root
    #[arg(long)]
    pub user: Option<String>,
    /// Folder of the process
    #[arg(long, value_name = "DIR")]
    pub workdir: Option<String>,
    /// The program, then its first arguments: one for each flag
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub entrypoint: Vec<String>,
    /// Further arguments, which a container can replace: one for each flag
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub cmd: Vec<String>,
    /// A port that the process serves, such as 8080. Repeat it for more
    #[arg(long, value_name = "PORT")]
    pub expose: Vec<u16>,
    /// A label of the image. Repeat it for more
    #[arg(long = "label", value_name = "KEY=VALUE")]
    pub labels: Vec<Pair>,
    /// The processor that the programs are made for
    #[arg(long, value_enum, default_value_t = Arch::Amd64)]
    pub arch: Arch,
    /// Layers are not compressed: faster, and larger
    #[arg(long)]
    pub uncompressed: bool,
    /// The time of every file and of the image, in seconds since 1970
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH", default_value_t = 0)]
    pub source_date_epoch: u32,
}

impl Args {
    /// The form of each layer.
    pub(super) fn layer_type(&self) -> MediaType {
        if self.uncompressed { MediaType::ImageLayer } else { MediaType::ImageLayerGzip }
    }
}

/// A processor, by its name in images.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Arch {
    /// 64 bit x86
    Amd64,
    /// 64 bit ARM
    Arm64,
}

impl Arch {
    /// The Rust target of static binaries.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }
}

/// A name and its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pair {
    /// What is before the first `=`.
    pub name: String,
    /// What is after it.
    pub value: String,
}

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("write a name, =, and a value, which may be empty"),
        }
    }
}
