//! A folder with the value, which is read every second. A watch of the file would miss the swap of a mounted Secret.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::names::container_registries::VALUES;
use zeroize::Zeroizing;

use super::value::{Fault, Newest, Value};
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
        let was_failing = std::mem::replace(&mut is_failing, read.is_err());
        match read {
            Ok(value) => newest.hand_on(value),
            Err(error) => {
                newest.failed();
                if !was_failing {
                    tracing::error!(file = %file.display(), %error, "the value cannot be read: this node stays as it is");
                }
            }
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn read(path: &Path) -> io::Result<Value> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Value::Missing),
        file => file?,
    };
    let mut bytes = Zeroizing::new(Vec::new());
    if file.take(SIZE_MAX as u64 + 1).read_to_end(&mut bytes)? > SIZE_MAX {
        return Ok(Value::Unusable(Fault::TooLarge));
    }
    Ok(Value::of_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;
    use std::sync::Arc;
    use std::time::Instant;

    use policy::container_registries::HiddenText;

    use super::*;
    use crate::metrics::Metrics;
    use crate::status::Status;

    #[test]
    fn no_more_is_read_than_a_secret_can_hold() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert_eq!(read(&file).unwrap(), Value::Missing);
        let most = "#".repeat(SIZE_MAX);
        fs::write(&file, &most).unwrap();
        assert_eq!(read(&file).unwrap(), Value::Text(HiddenText::new(most)));
        fs::write(&file, "#".repeat(SIZE_MAX + 1)).unwrap();
        assert_eq!(read(&file).unwrap(), Value::Unusable(Fault::TooLarge));
        fs::write(&file, [b'a', 0xff]).unwrap();
        assert_eq!(read(&file).unwrap(), Value::Unusable(Fault::NotText));
    }

    #[tokio::test(start_paused = true)]
    async fn each_read_that_fails_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        // A folder is no file.
        fs::create_dir(file(folder.path())).unwrap();
        let metrics = Arc::new(Metrics::new());
        let status = Status::new("the file".to_owned(), Instant::now());
        let (newest, values) = Newest::new(Arc::clone(&metrics), status);
        let reads = tokio::time::timeout(PERIOD * 5 / 2, follow(folder.path(), &newest));
        assert!(reads.await.is_err());
        assert_eq!(*values.borrow(), Value::Unread);
        let counted = "serverless_node_agent_source_errors_total 3\n";
        assert!(metrics.render().contains(counted), "{}", metrics.render());
    }
}
