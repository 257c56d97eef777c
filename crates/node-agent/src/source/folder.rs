//! A folder with the value, which is read every second. A watch of the file would miss the swap of a mounted Secret.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::names::container_registries::VALUES;
use policy::container_registries::HiddenText;

use super::value::{Newest, Value};
use crate::account::SIZE_MAX;

/// How often the file is read.
const PERIOD: Duration = Duration::from_secs(1);

/// The file with the value.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join(VALUES)
}

/// Reads the value for as long as the process lives.
pub(super) async fn follow(folder: &Path, newest: &Newest) {
    let file = file(folder);
    let mut is_failing = false;
    loop {
        let read = read(&file);
        if let Err(error) = &read
            && !is_failing
        {
            newest.failed();
            tracing::error!(file = %file.display(), %error, "the value cannot be read: this node stays as it is");
        }
        is_failing = read.is_err();
        if let Ok(value) = read {
            newest.hand_on(value);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn read(path: &Path) -> io::Result<Value> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Value::Missing),
        file => file?,
    };
    let mut text = String::new();
    let read = file.take(SIZE_MAX as u64 + 1).read_to_string(&mut text);
    // Hidden at once, so that it is wiped.
    let text = HiddenText::new(text);
    if read? > SIZE_MAX {
        return Err(io::Error::other(format!("it is larger than {SIZE_MAX} bytes")));
    }
    Ok(Value::Text(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;

    #[test]
    fn no_more_is_read_than_a_secret_can_hold() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert_eq!(read(&file).unwrap(), Value::Missing);
        let most = "#".repeat(SIZE_MAX);
        fs::write(&file, &most).unwrap();
        assert_eq!(read(&file).unwrap(), Value::Text(HiddenText::new(most)));
        fs::write(&file, "#".repeat(SIZE_MAX + 1)).unwrap();
        assert_eq!(read(&file).unwrap_err().to_string(), "it is larger than 4194304 bytes");
    }
}
