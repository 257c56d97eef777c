//! `certs`: writes certificates for development.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use process::exit::Exit;
use process::printed::Printed;

use crate::admission::routes::SERVICE;
use crate::certificates::dev_certs;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write ca.crt, ca.key, tls.crt and tls.key into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The namespace of the Service. The certificate is valid for the names of the Service and for loopback addresses
    #[arg(long, default_value = SERVICE.namespace)]
    namespace: String,
    /// Replaces existing files
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args) -> Exit {
    let certs = match dev_certs::make(&args.namespace) {
        Ok(certs) => certs,
        Err(error) => return Exit::Usage.because(format_args!("--namespace {}: {error}", args.namespace)),
    };
    if let Err(error) = std::fs::create_dir_all(&args.out) {
        return Exit::Usage.because(format_args!("--out {}: {error}", args.out.display()));
    }
    let files: [(&str, &str, u32); 4] = [
        ("ca.crt", &certs.authority.certificate, 0o644),
        ("ca.key", &certs.authority.key, 0o600),
        ("tls.crt", &certs.server.certificate, 0o644),
        ("tls.key", &certs.server.key, 0o600),
    ];
    let paths = files.map(|(name, ..)| args.out.join(name));
    if let Some(path) = paths.iter().find(|path| !args.force && path.exists()) {
        return Exit::Usage.because(format_args!("{} exists: --force replaces it", path.display()));
    }
    let mut printed = Printed::default();
    for ((_, text, mode), path) in files.into_iter().zip(&paths) {
        if let Err(error) = write(path, text, mode) {
            return Exit::Usage.because(format_args!("{}: {error}", path.display()));
        }
        printed.print(format_args!("{}\n", path.display()));
    }
    printed.exit(Exit::Success)
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // A file that is replaced would keep its mode.
    let _ = std::fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(text.as_bytes())
}
