//! The command line. There is too little of it for a parser.

use std::ffi::OsString;
use std::path::PathBuf;

use decide::nodes::credentials_file::DEFAULT_PATH;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Gives the kubelet the logins of registries that are on this node.

Usage: serverless-credential-provider [--file FILE | --service-account]

It reads a CredentialProviderRequest (credentialprovider.kubelet.k8s.io/v1) from its standard input
and writes a CredentialProviderResponse. An image of a host without a login gets an empty answer.

Options:
      --file FILE        The logins, as the agent writes them [default: /etc/containerd/certs.d/registry-credentials.json]
      --service-account  Logs in with the token of the service account that the request holds, and reads no file
  -h, --help             Prints this text
  -V, --version          Prints the version

Exit codes:
  0   there is an answer
  2   the request or the file cannot be read
  64  wrong use
";

/// What `--version` prints.
pub(crate) const VERSION: &str = concat!("serverless-credential-provider ", env!("CARGO_PKG_VERSION"), "\n");

/// What is asked.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Arguments {
    /// To answer a request with the logins of a file.
    Answer { file: PathBuf },
    /// To answer a request with the token in it.
    AnswerWithToken,
    /// To print the help.
    Help,
    /// To print the version.
    Version,
}

/// What is wrong with the command line.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Error {
    #[error("--file needs a path")]
    NoPath,
    #[error("--file and --service-account exclude each other")]
    FileAndToken,
    #[error("unknown argument {0}: --help prints what there is")]
    Unknown(String),
}

impl Arguments {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let (mut file, mut is_by_token) = (None, false);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--file") => file = Some(PathBuf::from(arguments.next().ok_or(Error::NoPath)?)),
                Some("--service-account") => is_by_token = true,
                Some("-h" | "--help") => return Ok(Self::Help),
                Some("-V" | "--version") => return Ok(Self::Version),
                Some(text) if text.starts_with("--file=") => {
                    file = text.strip_prefix("--file=").map(PathBuf::from);
                }
                _ => return Err(Error::Unknown(argument.display().to_string())),
            }
        }
        match file {
            Some(_) if is_by_token => Err(Error::FileAndToken),
            Some(file) if file.as_os_str().is_empty() => Err(Error::NoPath),
            None if is_by_token => Ok(Self::AnswerWithToken),
            file => Ok(Self::Answer { file: file.unwrap_or_else(|| PathBuf::from(DEFAULT_PATH)) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn answer(file: &str) -> Arguments {
        Arguments::Answer { file: file.into() }
    }

    #[rstest]
    #[case::none(&[], Ok(answer(DEFAULT_PATH)))]
    #[case::two_words(&["--file", "/a"], Ok(answer("/a")))]
    #[case::one_word(&["--file=/a"], Ok(answer("/a")))]
    #[case::help(&["--file", "/a", "-h"], Ok(Arguments::Help))]
    #[case::version(&["--version"], Ok(Arguments::Version))]
    #[case::no_path(&["--file"], Err(Error::NoPath))]
    #[case::empty_path(&["--file="], Err(Error::NoPath))]
    #[case::token(&["--service-account"], Ok(Arguments::AnswerWithToken))]
    #[case::both(&["--service-account", "--file=/a"], Err(Error::FileAndToken))]
    #[case::unknown(&["get-credentials"], Err(Error::Unknown("get-credentials".to_owned())))]
    fn the_command_line_is_read(#[case] arguments: &[&str], #[case] expected: Result<Arguments, Error>) {
        assert_eq!(Arguments::parse(arguments.iter().map(OsString::from)), expected);
    }

    #[test]
    fn the_help_names_the_default() {
        assert!(HELP.contains(DEFAULT_PATH));
    }
}
