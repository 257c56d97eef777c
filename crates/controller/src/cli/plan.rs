//! `plan`: the objects that Functions become, without a cluster.

use std::path::PathBuf;

use crate::{config, plan_command};
use process::exit::Exit;
use process::manifests::Inputs;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// The configuration of builds, runtimes and Git
    #[arg(long, env = "APP_CONFIG_PATH", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The namespace of objects that name none
    #[arg(short, long, default_value = "default", value_name = "NAMESPACE")]
    namespace: String,
}

pub(super) fn run(args: &Args) -> Exit {
    let config = match config::load(args.config.as_deref(), |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return Exit::Usage.because(error),
    };
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    plan_command::run(&args.inputs, &args.namespace, &config, &mut out, &mut err)
}
