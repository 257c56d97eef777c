//! The file with the logins of this node.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use decide::nodes::credentials_file::{CredentialsFile, Login};
use policy::container_registries::{HiddenText, Host};

/// The most bytes of the file: more than a Secret holds.
const SIZE_MAX: u64 = 2 << 20;

/// Why the file cannot be used. No text holds a part of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is larger than {SIZE_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    #[error("{} holds no logins of registries (line {line})", path.display())]
    Invalid { path: PathBuf, line: usize },
}

/// The login for the images of a host. All names of Docker Hub are one host.
pub(crate) fn find(path: &Path, host: &str) -> Result<Option<Login>, Error> {
    let mut logins = read(path)?.registries;
    if let Some(login) = logins.remove(host) {
        return Ok(Some(login));
    }
    let Ok(host) = Host::parse(host) else { return Ok(None) };
    let is_same = |name: &str| Host::parse(name).is_ok_and(|other| other == host);
    Ok(logins.into_iter().find(|(name, _)| is_same(name)).map(|(_, login)| login))
}

fn read(path: &Path) -> Result<CredentialsFile, Error> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(SIZE_MAX + 1).read_to_string(&mut text));
    // Hidden at once, so that it is wiped.
    let text = HiddenText::new(text);
    match read {
        Ok(length) if length as u64 > SIZE_MAX => Err(Error::TooLarge(path.to_owned())),
        Ok(_) => serde_json::from_str(text.reveal())
            // Its own message can hold a part of the text.
            .map_err(|error| Error::Invalid { path: path.to_owned(), line: error.line() }),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(Error::Invalid { path: path.to_owned(), line: 1 })
        }
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}
