//! `completions` and `man`: what is generated from the definition of a command line.

mod page;

use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::printed;

/// The arguments of `completions`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// The arguments of `man`.
#[derive(Clone, Debug, clap::Args)]
pub struct ManArgs {
    /// Writes the pages of the program and of each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the completions of a shell.
#[must_use]
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Exit {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page of a program, or writes all its pages into a folder.
#[must_use]
pub fn man(args: &ManArgs, command: Command) -> Exit {
    let pages = page::pages(command);
    match &args.out {
        Some(out) => write(out, &pages)
            .unwrap_or_else(|error| Exit::Usage.because(format_args!("--out {}: {error}", out.display()))),
        None => print(pages.first().map_or("", |page| &page.text)),
    }
}

fn write(out: &Path, pages: &[page::Page]) -> std::io::Result<Exit> {
    std::fs::create_dir_all(out)?;
    for page in pages {
        std::fs::write(out.join(&page.file), &page.text)?;
    }
    Ok(Exit::Success)
}

fn print(text: &str) -> Exit {
    printed::print(format_args!("{text}"), Exit::Success)
}

#[cfg(test)]
mod tests;
