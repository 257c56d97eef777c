//! A credential provider for the kubelet: it reads a request, looks the host of the image up in a file on the node, and
//! answers with the login for this host, if there is one. Or it answers with the token of the Pod's service account, which the
//! request holds. Who writes the file, and which hosts get which tokens, is not here: the kubelet's configuration says it.

mod arguments;
mod image;
mod logins;
mod protocol;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::ExitCode;

use arguments::{Arguments, HELP, VERSION};
use protocol::{Request, Response};

/// Why there is no answer. No text holds a part of the request or of the file.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Arguments(#[from] arguments::Error),
    #[error(transparent)]
    Request(#[from] protocol::Error),
    #[error(transparent)]
    Logins(#[from] logins::Error),
    #[error("the answer cannot be written: {0}")]
    Output(#[source] std::io::Error),
}

/// Answers one request. What is wrong goes to `err`.
pub fn run(
    arguments: impl Iterator<Item = OsString>,
    input: &mut dyn Read,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> ExitCode {
    match answer(arguments, input, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a standard error nobody can read it.
            let _ = writeln!(err, "error: {error}");
            // As the other programs of the project end.
            ExitCode::from(if matches!(error, Error::Arguments(_)) { 64 } else { 2 })
        }
    }
}

fn answer(
    arguments: impl Iterator<Item = OsString>,
    input: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let file = match Arguments::parse(arguments)? {
        Arguments::Answer { file } => Some(file),
        Arguments::AnswerWithToken => None,
        Arguments::Help => return out.write_all(HELP.as_bytes()).map_err(Error::Output),
        Arguments::Version => return out.write_all(VERSION.as_bytes()).map_err(Error::Output),
    };
    let request = Request::read(input)?;
    let host = image::host(request.image());
    let login = match file {
        Some(file) => logins::find(&file, host)?,
        None => request.service_account(),
    };
    Response::new(host, login.as_ref()).write(out).map_err(Error::Output)
}

#[cfg(test)]
mod tests;
