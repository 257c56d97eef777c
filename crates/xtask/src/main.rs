//! `cargo run -p xtask`: writes the generated manifests below the current folder. With a subcommand: writes images.
#![allow(clippy::print_stdout, reason = "what scripts read")]

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use xtask::{image, layout};

/// Writes the generated manifests below the current folder. A subcommand does something else instead
#[derive(Debug, Parser)]
#[command(name = "xtask")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Image(image::Args),
    Layout(layout::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        None => generate(),
        Some(Command::Image(args)) => {
            println!("{}  {}", image::write(&args)?, args.output.display());
            Ok(())
        }
        Some(Command::Layout(args)) => {
            println!("{}  {}", layout::write(&args)?, args.name);
            Ok(())
        }
    }
}

fn generate() -> anyhow::Result<()> {
    for manifest in xtask::manifests()? {
        let path = Path::new(manifest.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        fs::write(path, manifest.text).context(manifest.path)?;
    }
    Ok(())
}
