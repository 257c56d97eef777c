//! Text for people: a line for each object, what is wrong and what was added below it, and a summary.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::admission::review::Verdict;
use crate::cli::report::{Item, Report, Words};

pub(super) fn render(report: &Report, words: &Words, colour: bool) -> String {
    let paint =
        |style: Style, text: &str| if colour { format!("{style}{text}{style:#}") } else { text.to_owned() };
    let mut text = String::new();
    let width = report.items.iter().map(|item| item.name.chars().count()).max().unwrap_or_default();
    for item in &report.items {
        // Padded before it is painted: what paints has a width too.
        let verdict = paint(style(item.verdict), &format!("{:<8}", item.verdict.as_str()));
        let took = item.microseconds.map(|took| format!("{took:>7} µs")).unwrap_or_default();
        let place = if words.places { format!("  {}:{}", item.file, item.line) } else { String::new() };
        let line = format!("{:<width$}  {:<7} {verdict}{took}{place}", item.name, item.operation);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
        details(&mut text, item, words, paint);
    }
    for problem in &report.unreadable {
        let _ = writeln!(
            text,
            "{}:{}: {}",
            problem.file,
            problem.line,
            paint(style(Verdict::Error), &problem.problem)
        );
    }
    summary(&mut text, report, words);
    text
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

fn summary(text: &mut String, report: &Report, words: &Words) {
    let count = |verdict: Verdict| report.count(verdict);
    let _ = write!(
        text,
        "{} {}: {} allowed, {} patched, {} refused",
        report.items.len(),
        words.items,
        count(Verdict::Allowed),
        count(Verdict::Patched),
        count(Verdict::Refused)
    );
    for (number, what) in [
        (count(Verdict::Error), "failed"),
        (report.unreadable.len(), "unreadable"),
        (report.skipped, words.skipped),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    if words.expected {
        let _ = write!(text, "; {} not as expected", report.unexpected());
    }
    text.push('\n');
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Allowed | Verdict::Patched => AnsiColor::Green.on_default(),
        Verdict::Refused | Verdict::Error => AnsiColor::Red.on_default(),
    }
}
