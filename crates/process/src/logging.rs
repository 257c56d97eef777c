//! The log: JSON for machines, text for people, to standard error. What is logged is decided where it happens.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The form of the lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum LogFormat {
    /// A JSON object for each line
    #[default]
    Json,
    /// Text for people
    Text,
}

/// The client of the API server logs a failed request without saying which one. The caller logs it with its name.
const SAID_BETTER: &str = "kube_client::client::builder=off";

/// What the help says of `--log-level`.
pub const LEVEL_HELP: &str = "What is logged: a level (off, error, warn, info, debug, trace), or levels by module, such as info,serverless_webhook=debug";
const LEVELS: &str = "must be a level (off, error, warn, info, debug or trace), or levels by module, such as info,serverless_webhook=debug";

/// Starts the log. `filter` has the form of `RUST_LOG`, such as `info` or `serverless_webhook=debug`.
pub fn init(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter = parse(filter).ok_or_else(|| format!("--log-level {filter:?}: {LEVELS}"))?;
    subscriber(format, filter, io::stderr).try_init().map_err(|error| error.to_string())?;
    // The message of a panic may hold a part of what was worked on, and with it a credential: its place says enough.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(())
}

/// The filter; `None` if it is invalid. A word that is not a level would select a module of that name and silence all
/// others, so a misspelt level would give an empty log.
fn parse(filter: &str) -> Option<EnvFilter> {
    let is_word = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_unknown = |part: &str| is_word(part) && part.parse::<LevelFilter>().is_err();
    let mut parts = filter.split(',').map(str::trim).filter(|part| !part.is_empty()).peekable();
    if parts.peek().is_none() || parts.any(is_unknown) {
        return None;
    }
    EnvFilter::try_new(format!("{SAID_BETTER},{filter}")).ok()
}

/// What turns events into lines.
fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    match format {
        LogFormat::Json => Box::new(builder.json().flatten_event(true).with_current_span(false).finish()),
        LogFormat::Text => Box::new(builder.with_target(false).finish()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs::File;

    use super::*;

    /// What is logged with a filter.
    fn logged(filter: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_owned();
        let writer = move || File::options().append(true).open(&path).unwrap();
        let subscriber = subscriber(LogFormat::Text, parse(filter).unwrap(), writer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "kube_client::client::builder", "failed");
            tracing::info!("asked");
        });
        let log = std::fs::read_to_string(file.path()).unwrap();
        log.lines().map(|line| line.split_once("  ").unwrap_or(line.split_once(' ').unwrap()).1).collect()
    }

    #[test]
    fn a_filter_that_would_log_nothing_is_refused() {
        for filter in ["info", "WARN", "off", "info,serverless_webhook=debug", "kube=trace", " debug ,"] {
            assert!(parse(filter).is_some(), "{filter}");
        }
        for filter in ["loud", "", " , ", "info,loud", "kube=loud", "a=b=c", "serverless_webhook"] {
            assert!(parse(filter).is_none(), "{filter}");
        }
        assert_eq!(
            init(LogFormat::Json, "loud"),
            Err("--log-level \"loud\": must be a level (off, error, warn, info, debug or trace), or levels by module, such as info,serverless_webhook=debug".to_owned())
        );
    }

    #[test]
    fn a_request_that_fails_is_told_once_unless_all_is_asked_for() {
        assert_eq!(logged("info"), "INFO asked");
        assert_eq!(logged("info,kube_client::client::builder=debug"), "ERROR failedINFO asked");
    }
}
