//! How the process ends.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

/// The codes, for `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0   everything is well: accepted, or as expected
  1   something was refused, or is not as expected
  2   some input cannot be read or holds nothing to judge (the rest was processed), or no cluster is known
  64  wrong use: a flag or the configuration
  69  the server cannot be reached
";

/// How the process ends; [`EXIT_CODES`] explains the codes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Exit {
    /// Everything is well.
    Success,
    /// Something was refused, or not as expected.
    Refused,
    /// Some input could not be read.
    Unreadable,
    /// Wrong use.
    Usage,
    /// A server cannot be reached.
    Unavailable,
}

impl Exit {
    /// Prints what is wrong.
    #[must_use]
    pub fn because(self, error: impl Display) -> Self {
        // Without a standard error nobody can read it.
        let _ = writeln!(std::io::stderr(), "error: {error}");
        self
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Refused => Self::from(1),
            Exit::Unreadable => Self::from(2),
            Exit::Usage => Self::from(64),
            Exit::Unavailable => Self::from(69),
        }
    }
}
