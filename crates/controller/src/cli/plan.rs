//! `plan`: what would be made of Functions, without a cluster.

use std::io::Write as _;
use std::path::PathBuf;

use crate::config;
use crate::plan::{self, Manifests};
use process::exit::Exit;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Manifests: Functions, and what they need of GitRepositories, registry Secrets and ConfigMaps of runtimes; - is
    /// the standard input. What is not given is as in a fresh installation
    #[arg(short, long = "filename", required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The configuration of builds, runtimes and Git
    #[arg(long, env = "APP_CONFIG_PATH", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The namespace of what names none
    #[arg(short, long, default_value = "default", value_name = "NAMESPACE")]
    namespace: String,
}

pub(super) fn run(args: &Args) -> Exit {
    let config = match config::load(args.config.as_deref(), |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return Exit::Usage.because(error),
    };
    let mut manifests = Manifests::new(&args.namespace);
    for file in &args.files {
        let name = file.display();
        let text = process::manifests::open(file).and_then(std::io::read_to_string);
        let read = text.map_err(|error| error.to_string()).and_then(|text| manifests.read(&text));
        if let Err(error) = read {
            return Exit::Unreadable.because(format!("{name}: {error}"));
        }
    }
    let planned = plan::plan(&config.functions, &manifests);
    if planned.is_empty() {
        return Exit::Unreadable.because("there is no Function in what was given");
    }
    let mut exit = Exit::Success;
    let mut out = std::io::stdout().lock();
    for function in planned {
        exit = exit.max(if function.is_ready { Exit::Success } else { Exit::Refused });
        // Nobody reads what cannot be written.
        let _ = out.write_all(function.text.as_bytes());
    }
    exit
}
