//! `serverless-controller`: the process around the loop.

use clap::Parser;
use controller::config::Config;
use tracing_subscriber::EnvFilter;

/// Turns Functions into `ConfigMaps`, build Jobs, Deployments, Services and autoscalers.
#[derive(Debug, Parser)]
#[command(name = "serverless-controller", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Looks after the Functions of a cluster, until SIGTERM
    Run {
        /// How many builds run at once, in the whole cluster
        #[arg(long, env = "APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS", default_value_t = Config::default().max_builds, value_name = "NUMBER")]
        max_builds: usize,
        /// The image that builds images
        #[arg(long, env = "APP_FUNCTION_BUILD_EXECUTOR_IMAGE", default_value_t = Config::default().executor_image, value_name = "IMAGE")]
        executor_image: String,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Command::Run { max_builds, executor_image } = Args::parse().command;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    let client = kube::Client::try_default().await?;
    let config = Config { max_builds, executor_image, ..Config::default() };
    let metrics = std::sync::Arc::default();
    controller::run::run(client, config, operation::lease::Term::endless(), metrics, std::future::pending())
        .await;
    Ok(())
}
