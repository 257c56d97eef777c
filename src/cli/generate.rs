//! `completions` and `man`: what is generated from the definition of the command line.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;
use process::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Writes a page for each command into this folder instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "serverless-webhook", &mut script);
    print(&script)
}

pub(super) fn man(args: &ManArgs, command: Command) -> Exit {
    if let Some(out) = &args.out {
        let written = std::fs::create_dir_all(out).and_then(|()| clap_mangen::generate_to(command, out));
        return match written {
            Ok(()) => Exit::Success,
            Err(error) => Exit::Usage.because(format_args!("--out {}: {error}", out.display())),
        };
    }
    let mut page = Vec::new();
    match clap_mangen::Man::new(command).render(&mut page) {
        Ok(()) => print(&page),
        Err(error) => Exit::Usage.because(error),
    }
}

fn print(text: &[u8]) -> Exit {
    // A reader that has gone, such as `head`, has read enough.
    let _ = std::io::stdout().write_all(text);
    Exit::Success
}
