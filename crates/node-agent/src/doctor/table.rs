//! Findings as a table that is no wider than the terminal.

use std::iter;

use decide::nodes::doctor::{Finding, Severity};
use process::printable::make_printable;

/// The heads of the columns.
const HEADS: [&str; 3] = ["FILE:LINE", "PROBLEM", "REMEDY"];
/// Between two columns.
const GAP: &str = "  ";
/// The narrowest column.
const NARROW: usize = 12;

/// The table, and how many findings it has. Without a width, each finding is one line.
pub(super) fn table(findings: &[Finding], width: Option<usize>) -> String {
    if findings.is_empty() {
        return "no findings\n".to_owned();
    }
    let rows: Vec<_> = iter::once(HEADS.map(str::to_owned)).chain(findings.iter().map(cells)).collect();
    let widths = widths(&rows, width);
    let mut text = String::new();
    for row in &rows {
        let columns: Vec<_> = row.iter().zip(widths).map(|(cell, width)| wrapped(cell, width)).collect();
        let height = columns.iter().map(Vec::len).max().unwrap_or_default();
        for index in 0..height {
            let parts = columns.iter().zip(widths).map(|(lines, width)| {
                let line = lines.get(index).map_or("", String::as_str);
                format!("{line:<width$}")
            });
            text.push_str(parts.collect::<Vec<_>>().join(GAP).trim_end());
            text.push('\n');
        }
    }
    let count = findings.len();
    text + &format!("{count} {}\n", if count == 1 { "finding" } else { "findings" })
}

fn cells(finding: &Finding) -> [String; 3] {
    let place = &finding.place;
    let kind = if finding.severity == Severity::Warning { "warning: " } else { "" };
    let mut cells = [
        format!("{}:{}", place.file, place.line),
        format!("{kind}{}", finding.problem),
        finding.remedy.clone(),
    ];
    // Names of files are those of anybody.
    cells.iter_mut().for_each(make_printable);
    cells
}

/// How wide columns are: as wide as their cells, or what the terminal has for them.
fn widths(rows: &[[String; 3]], width: Option<usize>) -> [usize; 3] {
    let longest = |index: usize| {
        rows.iter()
            .filter_map(|row| row.get(index))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let [file, problem, remedy] = [longest(0), longest(1), longest(2)];
    let Some(width) = width.map(|width| width.saturating_sub(2 * GAP.len())) else {
        return [file, problem, remedy];
    };
    let file = file.min((width / 3).max(NARROW));
    let left = width.saturating_sub(file);
    let remedy = remedy.min((left / 2).max(NARROW));
    [file, problem.min(left.saturating_sub(remedy).max(NARROW)), remedy]
}

/// A text in lines of a width, broken at blanks, and within words that are longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut used = width;
    for word in text.split(' ') {
        let characters: Vec<_> = word.chars().collect();
        let fits = used + 1 + characters.len() <= width;
        if let Some(line) = lines.last_mut().filter(|_| fits) {
            line.push(' ');
            line.push_str(word);
            used += 1 + characters.len();
            continue;
        }
        for part in characters.chunks(width) {
            lines.push(part.iter().collect());
            used = part.len();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use decide::nodes::doctor::Place;

    use super::*;

    fn finding(file: &str, severity: Severity) -> Finding {
        let place = Place { file: file.to_owned(), line: 12 };
        let remedy = "set `config_path` and restart containerd".to_owned();
        Finding { place, severity, problem: "names two folders".to_owned(), remedy }
    }

    #[test]
    fn a_terminal_bounds_the_table() {
        let findings =
            [finding("/etc/containerd/config.toml", Severity::Error), finding("a\u{1b}b", Severity::Warning)];
        let expected = "\
FILE:LINE           PROBLEM              REMEDY
/etc/containerd/co  names two folders    set `config_path`
nfig.toml:12                             and restart
                                         containerd
a\\u{1b}b:12         warning: names two   set `config_path`
                    folders              and restart
                                         containerd
2 findings
";
        let table = table(&findings, Some(60));
        assert_eq!(table, expected);
        assert!(table.lines().all(|line| line.chars().count() <= 60));
    }

    #[test]
    fn each_finding_is_one_line_where_there_is_no_terminal() {
        let expected = "\
FILE:LINE  PROBLEM            REMEDY
a:12       names two folders  set `config_path` and restart containerd
1 finding
";
        assert_eq!(table(&[finding("a", Severity::Error)], None), expected);
        assert_eq!(table(&[], None), "no findings\n");
    }
}
