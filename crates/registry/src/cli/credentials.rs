//! `credentials`: the helper that the registry of a cache runs, and how it gets into its container.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use api::names::cache::SOCKET;
use clap::Parser;
use process::exit::Exit;

use crate::cache::helper;

/// What the name of a credential helper begins with.
const HELPER: &str = "docker-credential-";
/// The longest name of a server that is read, in bytes.
const SERVER_MAX: u64 = 1024;
/// Everybody may run the helper.
const MODE: u32 = 0o755;

#[derive(Debug, clap::Args)]
pub(super) struct GetArgs {
    /// The socket of the gateway
    #[arg(long, env = "REGISTRY_CREDENTIALS_SOCKET", default_value = SOCKET, value_name = "FILE")]
    socket: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct InstallArgs {
    /// Where the copy goes
    #[arg(value_name = "FILE")]
    path: PathBuf,
}

/// The flags of a program that runs by the name of a helper.
#[derive(Debug, Parser)]
struct Helper {
    /// What docker wants of a helper, or whether it would get it
    #[arg(value_enum, value_name = "ACTION")]
    action: Action,
    #[command(flatten)]
    get: GetArgs,
}

/// What a helper is run for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Action {
    /// Prints the credentials.
    Get,
    /// Prints nothing. Fails as `get` would: a Pod whose registry cannot run the helper does not start.
    Check,
}

/// Runs as a credential helper, if the program has such a name.
pub(super) fn as_helper(arguments: impl Iterator<Item = OsString>) -> Option<Exit> {
    let arguments: Vec<_> = arguments.collect();
    let name = Path::new(arguments.first()?).file_name()?.to_str()?;
    if !name.starts_with(HELPER) {
        return None;
    }
    Some(match Helper::try_parse_from(arguments) {
        Ok(Helper { action: Action::Get, get }) => self::get(&get),
        Ok(Helper { action: Action::Check, get }) => check(&get),
        Err(error) => {
            // Without a standard error nobody can read it.
            let _ = error.print();
            Exit::Refused
        }
    })
}

pub(super) fn get(args: &GetArgs) -> Exit {
    let mut server = Vec::new();
    let read = io::stdin().take(SERVER_MAX).read_to_end(&mut server);
    let printed = read
        .map_err(helper::HelperError::from)
        .and_then(|_| helper::get(&args.socket, String::from_utf8_lossy(&server).trim()));
    match printed {
        Ok(printed) if io::stdout().write_all(&printed).is_ok() => Exit::Success,
        Ok(_) => Exit::Refused.because("the output cannot be written"),
        Err(error) => Exit::Refused.because(error),
    }
}

fn check(args: &GetArgs) -> Exit {
    match helper::get(&args.socket, "") {
        Ok(_) => Exit::Success,
        Err(error) => Exit::Refused.because(error),
    }
}

/// In one step: a registry that restarts never runs half a copy.
pub(super) fn install(args: &InstallArgs) -> Exit {
    let installed = (|| {
        let mut new = args.path.clone().into_os_string();
        new.push(".new");
        fs::copy("/proc/self/exe", &new)?;
        fs::set_permissions(&new, Permissions::from_mode(MODE))?;
        fs::rename(&new, &args.path)
    })();
    match installed {
        Ok(()) => Exit::Success,
        Err(error) => Exit::Unreadable.because(format!("{}: {error}", args.path.display())),
    }
}
