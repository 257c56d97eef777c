//! Image layouts, written as `xtask layout` writes them.

use clap::{Args as _, FromArgMatches as _};
use xtask::layout::{Args, write};

/// Writes a layout with the flags of `xtask layout`. Returns the digest of its image.
pub fn layout<S: AsRef<str>>(flags: &[S]) -> String {
    let command = Args::augment_args(clap::Command::new("layout").no_binary_name(true));
    let matches = command.try_get_matches_from(flags.iter().map(AsRef::as_ref)).unwrap();
    write(&Args::from_arg_matches(&matches).unwrap()).unwrap()
}
