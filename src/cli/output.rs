//! The forms in which `replay` and `check` show what they have found.

mod github;
mod json;
mod junit;
mod sarif;
mod text;

use std::io::{IsTerminal as _, Write as _};

use indicatif::ProgressBar;

use super::report::{Report, Words};

/// A form of output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum Format {
    /// Text for people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// A report for CI
    #[value(help = "JUnit XML, for CI")]
    Junit,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub workflows
    Github,
}

/// Prints a report, of which nothing is taken for more than text by who reads it.
pub(super) fn print(format: Format, report: &mut Report, words: &Words) {
    report.make_printable();
    let text = match format {
        Format::Text => text::render(report, words, colour()),
        Format::Json => json::render(report),
        Format::Junit => junit::render(report),
        Format::Sarif => sarif::render(report),
        Format::Github => github::render(report),
    };
    // A reader that has gone, such as `head`, has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Colour is for terminals, and not for those who do not want it (<https://no-color.org>).
fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A bar for long input, where there is somebody to see it.
pub(super) fn progress(length: usize) -> ProgressBar {
    if length < 500 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    ProgressBar::new(length as u64)
}
