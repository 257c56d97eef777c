//! Text for people: a line for each object, what is wrong and what was added below it, and a summary.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::form::Form;
use crate::admission::review::Verdict;
use crate::cli::report::{Item, Level, Remark, Tally, Words};

/// So many lines wait for each other, to be as wide as the widest of them.
const HELD_MAX: usize = 32;

pub(super) struct Text {
    words: Words,
    colour: bool,
    /// The width of the names so far.
    width: usize,
    /// What waits: names with what stands behind them, and remarks.
    held: Vec<(Option<String>, String)>,
    is_held: bool,
}

impl Text {
    pub(super) fn new(words: Words, colour: bool) -> Self {
        Self { words, colour, width: 0, held: Vec::new(), is_held: true }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Shows a name and what stands behind it, or holds both back.
    fn show(&mut self, text: &mut String, name: Option<String>, rest: String) {
        let length = name.as_ref().map_or(0, |name| name.chars().count());
        self.width = self.width.max(length);
        self.held.push((name, rest));
        if !self.is_held || self.held.len() >= HELD_MAX {
            self.release(text);
        }
    }

    fn release(&mut self, text: &mut String) {
        self.is_held = false;
        let width = self.width;
        for (name, rest) in self.held.drain(..) {
            // Writing to a String cannot fail.
            let _ = match name {
                Some(name) => write!(text, "{name:<width$}  {rest}"),
                None => write!(text, "{rest}"),
            };
        }
    }
}

impl Form for Text {
    fn item(&mut self, text: &mut String, mut item: Item) {
        // Padded before it is painted: what paints has a width too.
        let verdict = self.paint(style(item.verdict), &format!("{:<8}", item.verdict.as_str()));
        let took = item.microseconds.map(|took| format!("{took:>7} µs")).unwrap_or_default();
        let place = if self.words.places { format!("  {}:{}", item.file, item.line) } else { String::new() };
        let line = format!("{:<7} {verdict}{took}{place}", item.operation);
        let mut rest = format!("{}\n", line.trim_end());
        let name = std::mem::take(&mut item.name);
        details(&mut rest, &item, &self.words, |style, text| self.paint(style, text));
        self.show(text, Some(name), rest);
    }

    fn remark(&mut self, text: &mut String, remark: Remark) {
        let (style, what) = match remark.level {
            Level::Unreadable => (style(Verdict::Error), ""),
            Level::Warning => (AnsiColor::Yellow.on_default(), "warning: "),
            Level::Skipped => (Style::new().dimmed(), "skipped: "),
        };
        let problem = self.paint(style, &format!("{what}{}", remark.problem));
        self.show(text, None, format!("{}: {problem}\n", remark.place()));
    }

    fn end(&mut self, text: &mut String, tally: &Tally) {
        self.release(text);
        summary(text, tally, &self.words);
    }
}

fn details(text: &mut String, item: &Item, words: &Words, paint: impl Fn(Style, &str) -> String) {
    for finding in &item.findings {
        let place = if words.places { format!("line {}: ", finding.line) } else { String::new() };
        let line = format!("{place}{}: {}", finding.field, finding.message);
        let _ = writeln!(text, "    {}", paint(style(Verdict::Refused), &line));
    }
    for warning in &item.warnings {
        let _ =
            writeln!(text, "    {}", paint(AnsiColor::Yellow.on_default(), &format!("warning: {warning}")));
    }
    for problem in &item.unexpected {
        let _ = writeln!(text, "    {}", paint(style(Verdict::Error), &format!("unexpected: {problem}")));
    }
    for line in item.diff.as_deref().unwrap_or_default().lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => AnsiColor::Green.on_default(),
            Some(b'-') => AnsiColor::Red.on_default(),
            _ => Style::new().dimmed(),
        };
        let _ = writeln!(text, "    {}", paint(style, line));
    }
}

fn summary(text: &mut String, tally: &Tally, words: &Words) {
    let _ = write!(
        text,
        "{} {}: {} allowed, {} patched, {} refused",
        tally.items(),
        words.items,
        tally.allowed,
        tally.patched,
        tally.refused
    );
    for (number, what) in
        [(tally.error, "failed"), (tally.unreadable, "unreadable"), (tally.skipped, words.skipped)]
    {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    if words.expected {
        let _ = write!(text, "; {} not as expected", tally.unexpected);
    }
    text.push('\n');
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Allowed | Verdict::Patched => AnsiColor::Green.on_default(),
        Verdict::Refused | Verdict::Error => AnsiColor::Red.on_default(),
    }
}
