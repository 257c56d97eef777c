//! One JSON document, for programs.

use serde_json::json;

use crate::admission::review::Verdict;
use crate::cli::report::Report;

pub(super) fn render(report: &Report) -> String {
    let count = |verdict: Verdict| report.count(verdict);
    let document = json!({
        "items": report.items,
        "unreadable": report.unreadable,
        "summary": {
            "allowed": count(Verdict::Allowed),
            "patched": count(Verdict::Patched),
            "refused": count(Verdict::Refused),
            "error": count(Verdict::Error),
            "unexpected": report.unexpected(),
            "unreadable": report.unreadable.len(),
            "skipped": report.skipped,
        },
    });
    format!("{document:#}\n")
}
