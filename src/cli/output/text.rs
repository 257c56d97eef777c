//! Text for people: a line for each object, what is wrong and what was added below it, and a summary.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use process::terminal::wrapped;

use super::form::Form;
use super::summary;
use crate::admission::review::Verdict;
use crate::cli::report::{Item, Level, Remark, Tally, Words};

/// How far details stand behind the object that they are of.
const INDENT: usize = 4;
/// The columns between the name of an object and its place.
const COLUMNS: usize = 18;

/// So many lines wait for each other, to be as wide as the widest of them.
const HELD_MAX: usize = 32;

pub(super) struct Text {
    words: Words,
    colour: bool,
    /// That of the terminal, if it is one.
    line_width: Option<usize>,
    /// The width of the names so far.
    width: usize,
    /// What waits: names with what stands behind them, and remarks.
    held: Vec<(Option<String>, String)>,
    is_held: bool,
}

impl Text {
    pub(super) fn new(words: Words, colour: bool, line_width: Option<usize>) -> Self {
        Self { words, colour, line_width, width: 0, held: Vec::new(), is_held: true }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Text in lines of the width of the terminal.
    fn lines(&self, style: Style, indent: usize, text: &str) -> String {
        let lines = wrapped(text, indent, self.line_width);
        let lines = lines.into_iter().map(|line| self.paint(style, &line) + "\n");
        lines.collect()
    }

    /// What stands below an object.
    fn details(&self, item: &Item) -> String {
        let mut text = String::new();
        let mut add = |style: Style, line: &str| text.push_str(&self.lines(style, INDENT, line));
        for finding in &item.findings {
            let place = if self.words.places { format!("line {}: ", finding.line) } else { String::new() };
            add(style(Verdict::Refused), &format!("{place}{}: {}", finding.field, finding.message));
        }
        for warning in &item.warnings {
            add(AnsiColor::Yellow.on_default(), &format!("warning: {}", warning.message));
        }
        for problem in &item.unexpected {
            add(style(Verdict::Error), &format!("unexpected: {problem}"));
        }
        for line in item.diff.as_deref().unwrap_or_default().lines() {
            let style = match line.as_bytes().first() {
                Some(b'+') => AnsiColor::Green.on_default(),
                Some(b'-') => AnsiColor::Red.on_default(),
                _ => Style::new().dimmed(),
            };
            // The lines of a difference stay as they are.
            let _ = writeln!(text, "    {}", self.paint(style, line));
        }
        text
    }

    /// The line of an object: what was asked, the verdict and where it is; the place below it if the line would be too long.
    fn head(&self, item: &Item) -> String {
        // Padded before it is painted: what paints has a width too.
        let verdict = self.paint(style(item.verdict), &format!("{:<8}", item.verdict.as_str()));
        let took = item.microseconds.map(|took| format!("{took:>7} µs")).unwrap_or_default();
        let head = format!("{:<7} {verdict}{took}", item.operation);
        if !self.words.places {
            return head.trim_end().to_owned();
        }
        let place = format!("{}:{}", item.file, item.line);
        let name = self.width.max(item.title.chars().count());
        let length = name + COLUMNS + took.chars().count() + 2 + place.chars().count();
        let is_long = self.line_width.is_some_and(|width| length > width);
        if is_long { format!("{}\n    {place}", head.trim_end()) } else { format!("{head}  {place}") }
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
        let rest = format!("{}\n{}", self.head(&item), self.details(&item));
        self.show(text, Some(std::mem::take(&mut item.title)), rest);
    }

    fn remark(&mut self, text: &mut String, remark: Remark) {
        let (style, what) = match remark.level {
            Level::Unreadable => (style(Verdict::Error), ""),
            Level::Warning => (AnsiColor::Yellow.on_default(), "warning: "),
            Level::Skipped => (Style::new().dimmed(), "skipped: "),
        };
        let line = self.lines(style, 0, &format!("{}: {what}{}", remark.place(), remark.problem));
        self.show(text, None, line);
    }

    fn end(&mut self, text: &mut String, tally: &Tally) {
        self.release(text);
        text.push_str(&self.lines(Style::new(), 0, &summary::line(tally, &self.words)));
    }
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Allowed | Verdict::Patched => AnsiColor::Green.on_default(),
        Verdict::Refused | Verdict::Error => AnsiColor::Red.on_default(),
    }
}
