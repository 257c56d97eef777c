//! A folder with the value, which is read every second. A watch of the file would miss the swap of a mounted Secret.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use api::names::container_registries::VALUES;
use policy::container_registries::HiddenText;
use tokio::sync::watch;

use super::value::{Value, hand_on};
use crate::metrics::Metrics;

/// How often the file is read.
const PERIOD: Duration = Duration::from_secs(1);

/// The file with the value.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join(VALUES)
}

/// Reads the value for as long as the process lives.
pub(super) async fn follow(folder: PathBuf, values: watch::Sender<Value>, metrics: Arc<Metrics>) {
    let file = file(&folder);
    let mut is_failing = false;
    loop {
        let read = read(&file);
        if let Err(error) = &read
            && !is_failing
        {
            metrics.source_failed();
            tracing::error!(file = %file.display(), %error, "the value cannot be read: this node stays as it is");
        }
        is_failing = read.is_err();
        if let Ok(value) = read {
            hand_on(&values, value);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn read(file: &Path) -> io::Result<Value> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Value::Text(HiddenText::new(text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Value::Missing),
        Err(error) => Err(error),
    }
}
