//! `render`: writes the registries of nodes in the format of a runtime, from ours or from that of another.

mod format;
mod input;
mod output;

use std::io::Write as _;
use std::path::PathBuf;

use decide::nodes::files::{Files, Rendered};
use decide::nodes::render::hosts::Options;
use decide::nodes::render::{
    containerd_config, credential_provider, crio, hosts, k3s, kubeadm, talos, values,
};
use decide::nodes::version::Version;
use jiff::Timestamp;
use policy::container_registries::Registries;
use process::exit::Exit;
use process::printable::make_printable;

use super::input::shown;
use format::{Source, Target};
use input::{Failure, Input};

/// The version that the older configuration of containerd is for, unless another is named.
const BEFORE_HOSTS: Version = Version::new(1, 7, 0);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file or a folder; - is the standard input
    path: PathBuf,
    /// The format to write
    #[arg(long, value_enum, default_value_t, value_name = "TARGET")]
    to: Target,
    /// The format of PATH. Its name and its content show it, if this is left out
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<Source>,
    /// The version of containerd that reads the files: 2.4 unless it is set, 1.7 for containerd-config
    #[arg(long, value_name = "VERSION")]
    containerd: Option<Version>,
    /// The Secret that kubeadm gets the files from. PATH names it, if it is a Secret
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// Where nodes have the file with logins for the credential provider, if it is not beside the folders of hosts
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    provider_file: Option<String>,
    /// The folder to write files into, which only their owner can read; - prints them
    #[arg(long, default_value = "-", value_name = "DIR")]
    out: PathBuf,
    /// Replaces files that differ
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    let input = match input::read(&args.path, args.from, Timestamp::now()) {
        Ok(input) => input,
        Err(Failure::Usage(problem)) => return Exit::Usage.because(problem),
        Err(Failure::Unreadable(problem)) => return Exit::Unreadable.because(problem),
        Err(Failure::Empty(left_out, problem)) => {
            for left_out in left_out {
                say("warning: ", left_out);
            }
            return Exit::Unreadable.because(problem);
        }
        Err(Failure::Malformed(errors)) => return refuse(Exit::Unreadable, errors),
        Err(Failure::Refused(violations)) => return refuse(Exit::Refused, violations),
    };
    let Input { registries, left_out, warnings, secret } = input;
    let Some(rendered) = render(args, &registries, secret) else {
        return Exit::Usage.because("--secret: name the Secret that kubeadm gets the files from");
    };
    let warnings = warnings.into_iter().filter(|warning| args.to.is_warned_of(warning.rule));
    let warnings = warnings.map(|warning| format!("{}: {}", shown(&args.path), warning.text));
    for warning in left_out.into_iter().chain(warnings).chain(rendered.losses) {
        say("warning: ", warning);
    }
    if args.out.as_os_str() == "-" {
        output::print(&rendered.files)
    } else {
        output::write(&rendered.files, &args.out, args.force)
    }
}

/// The files of the target; none if the name of a Secret is missing.
fn render(args: &Args, registries: &Registries, secret: Option<String>) -> Option<Rendered> {
    let version = args.containerd.unwrap_or(Version::DEFAULT);
    let options = Options { version, ..Options::default() };
    Some(match args.to {
        Target::Hosts => {
            let Rendered { files, losses } = hosts::render(registries, options);
            Rendered { files: files.in_folder(credential_provider::FOLDER), losses }
        }
        Target::ContainerdConfig => {
            containerd_config::render(registries, args.containerd.unwrap_or(BEFORE_HOSTS))
        }
        Target::K3s => k3s::render(registries),
        Target::Crio => crio::render(registries),
        Target::Talos => talos::render(registries),
        Target::Kubeadm => kubeadm::render(registries, &args.secret.clone().or(secret)?),
        Target::CredentialProvider => {
            credential_provider::render(registries, options, args.provider_file.as_deref())
        }
        Target::Values => {
            let text = (values::FILE_NAME.to_owned(), values::render(registries));
            Rendered { files: Files([text].into()), losses: Vec::new() }
        }
    })
}

/// A path on nodes.
fn absolute(text: &str) -> Result<String, &'static str> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err("must begin with /, as a path on nodes") }
}

/// Reports what is wrong. Nothing is written then.
fn refuse(exit: Exit, problems: Vec<String>) -> Exit {
    for problem in problems {
        say("error: ", problem);
    }
    exit
}

fn say(level: &str, mut text: String) {
    make_printable(&mut text);
    // Without a standard error nobody can read it.
    let _ = writeln!(std::io::stderr(), "{level}{text}");
}
