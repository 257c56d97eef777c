//! The forms in which `replay` and `check` show what they find, each object as soon as it is judged.

mod form;
mod github;
mod json;
mod junit;
mod sarif;
mod summary;
mod text;
mod uri;

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use process::printed::Printed;
use process::terminal;

use super::report::{Item, Level, Remark, Tally, Words};
use form::Form;

/// How often what is found in long input is printed: each time costs a call of the system, and a bar has to make room for it.
const INTERVAL: Duration = Duration::from_millis(100);
/// How much text is printed sooner than that, in bytes.
const FULL: usize = 64 * 1024;

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

/// Prints what is found, of which nothing is taken for more than text by who reads it.
pub(super) struct Output {
    form: Box<dyn Form>,
    tally: Tally,
    /// Whether each skipped object is named.
    verbose: bool,
    bar: ProgressBar,
    /// Whether the input is long, so that what is found need not be printed one by one.
    is_long: bool,
    /// What is not printed yet.
    text: String,
    printed_at: Instant,
    printed: Printed,
}

impl Output {
    /// Begins a report about input of so many bytes.
    pub(super) fn new(format: Format, words: Words, bytes: u64, verbose: bool) -> Self {
        let form: Box<dyn Form> = match format {
            Format::Text => Box::new(text::Text::new(words, colour(), terminal::width())),
            Format::Json => Box::<json::Json>::default(),
            Format::Junit => Box::<junit::Junit>::default(),
            Format::Sarif => Box::<sarif::Sarif>::default(),
            Format::Github => Box::new(github::Github),
        };
        let is_long = bytes >= LONG;
        let mut output = Self {
            form,
            tally: Tally::default(),
            verbose,
            bar: if is_long { progress(bytes) } else { ProgressBar::hidden() },
            is_long,
            text: String::new(),
            printed_at: Instant::now(),
            printed: Printed::default(),
        };
        output.form.begin(&mut output.text);
        output
    }

    /// The bar to which what is read is reported.
    pub(super) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    pub(super) fn item(&mut self, mut item: Item) {
        item.make_printable();
        item.findings.sort_by_key(|finding| finding.line);
        self.tally.add(&item);
        self.form.item(&mut self.text, item);
        self.print_now_and_then();
    }

    pub(super) fn remark(&mut self, mut remark: Remark) {
        remark.make_printable();
        self.tally.unreadable += usize::from(remark.level == Level::Unreadable);
        self.form.remark(&mut self.text, remark);
        self.print_now_and_then();
    }

    /// Passes over an object.
    pub(super) fn skip(&mut self, mut remark: Remark) {
        remark.make_printable();
        self.tally.skipped += 1;
        self.tally.warnings += usize::from(remark.level == Level::Warning);
        self.form.skipped(&mut self.text, remark, self.verbose);
        self.print_now_and_then();
    }

    /// Ends the report. Returns what was found, and whether that was printed.
    pub(super) fn end(mut self) -> (Tally, Printed) {
        self.form.end(&mut self.text, &self.tally);
        self.bar.finish_and_clear();
        self.print();
        (self.tally, self.printed)
    }

    fn print_now_and_then(&mut self) {
        if !self.is_long || self.text.len() >= FULL || self.printed_at.elapsed() >= INTERVAL {
            self.print();
        }
    }

    fn print(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            self.bar.suspend(|| self.printed.print(format_args!("{text}")));
            self.printed_at = Instant::now();
        }
    }
}

/// Colour is for terminals, and not for those who do not want it (<https://no-color.org>).
fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Input of at least so many bytes gets a bar.
const LONG: u64 = 1 << 20;
const BAR: &str = "{wide_bar} {bytes}/{total_bytes} {eta}";

/// A bar for long input, where there is somebody to see it.
fn progress(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style)
}
